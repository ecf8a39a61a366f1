"""Reports of a release: one document, written as HTML, PDF, DOCX or Markdown."""
