"""From a config to a writer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clio.config.models import MessagesWriter, WriterConfig
from clio.models.protocol import Encoder, Writer


def make_writer(
    config: WriterConfig, encoder: Encoder, folder: Path | None = None, say: Callable[[str], None] | None = None
) -> Writer:
    """The writer that ``config`` names. Nothing is loaded or reached before it is first asked.

    ``folder``: where what it spends is written down. ``say``: who is told of long waits.
    """
    if isinstance(config, MessagesWriter):
        from clio.models.messages import MessagesBackend

        backend = MessagesBackend(config, folder)
        backend.say = say or backend.say
        return backend
    from clio.models.embedded import EmbeddedWriter

    return EmbeddedWriter(config, encoder)
