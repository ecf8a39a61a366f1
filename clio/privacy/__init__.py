"""The privacy rules, one per file."""
