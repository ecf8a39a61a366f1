"""The stages of a run, one file each. No stage imports another."""
