"""Conversations as they come: types, readers, sampling, rendering."""
