"""From a config to a writer."""

from __future__ import annotations

from clio.config.models import MessagesWriter, WriterConfig
from clio.models.protocol import Encoder, Writer


def make_writer(config: WriterConfig, encoder: Encoder) -> Writer:
    """The writer that ``config`` names. Nothing is loaded or reached before it is first asked."""
    if isinstance(config, MessagesWriter):
        from clio.models.messages import MessagesBackend

        return MessagesBackend(config)
    from clio.models.embedded import EmbeddedWriter

    return EmbeddedWriter(config, encoder)
