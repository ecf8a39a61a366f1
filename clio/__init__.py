"""Clio Toolkit: how people really use an AI assistant, without anyone reading the conversations.

import clio

run = clio.run("configs/embedded.yaml", input="chats.jsonl", output="runs/first")
print(run.tree())
run.clusters          # frames, aggregates only: clusters, levels, breakdowns, trends, map, privacy
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Everything public is named here; names are imported when they are first used, so that `import clio` costs nothing.
_HOMES = {
    # run
    "run": "clio.runs.runner",
    "open_run": "clio.runs.read",
    "Run": "clio.runs.read",
    "export": "clio.exports.folder",
    # config
    "RunConfig": "clio.config",
    "load_config": "clio.config",
    # conversations
    "Conversation": "clio.conversations.types",
    "Turn": "clio.conversations.types",
    # models
    "Writer": "clio.models.protocol",
    "Encoder": "clio.models.protocol",
    # privacy
    "Redactor": "clio.privacy.redact",
    "Thresholds": "clio.privacy.thresholds",
    # errors
    "ClioError": "clio.errors",
}
__all__ = ["__version__", *_HOMES]

if TYPE_CHECKING:
    from clio.config import RunConfig as RunConfig
    from clio.config import load_config as load_config
    from clio.conversations.types import Conversation as Conversation
    from clio.conversations.types import Turn as Turn
    from clio.errors import ClioError as ClioError
    from clio.exports.folder import export as export
    from clio.models.protocol import Encoder as Encoder
    from clio.models.protocol import Writer as Writer
    from clio.privacy.redact import Redactor as Redactor
    from clio.privacy.thresholds import Thresholds as Thresholds
    from clio.runs.read import Run as Run
    from clio.runs.read import open_run as open_run
    from clio.runs.runner import run as run


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'clio' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
