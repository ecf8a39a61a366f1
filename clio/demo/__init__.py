"""The built-in corpus, and what was planted in it."""
