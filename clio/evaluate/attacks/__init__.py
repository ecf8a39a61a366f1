"""Attacks on a run, each with a figure, an interval, a blind guess and the same attack with the rules switched off."""
