"""What models are told, one file per prompt."""
