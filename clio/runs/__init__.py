"""Run directories: what is in them, who may write, how they resume."""
