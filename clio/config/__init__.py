"""Config models, one per stage, and their loader."""

from clio.config.load import ConfigLike, load_config
from clio.config.run import RunConfig

__all__ = ["ConfigLike", "RunConfig", "load_config"]
