"""Config models, one per stage."""

from clio.config.run import RunConfig

__all__ = ["RunConfig"]
