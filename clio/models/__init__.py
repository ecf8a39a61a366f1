"""Who writes text, and who makes vectors."""
