"""Measuring what a run promises: attacks on its privacy."""
