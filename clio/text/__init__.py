"""Words, stop words, languages and phrasing: text handling without a model."""
