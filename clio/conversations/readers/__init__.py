"""One reader a format: a file in, conversations and rejections out, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from clio.config.ingest import Format, IngestConfig
from clio.conversations.json_stream import check_depth
from clio.conversations.readers import (
    anthropic,
    chatgpt_export,
    claude_export,
    clio,
    columns,
    hh_rlhf,
    lmsys,
    oasst,
    openai,
    sharegpt,
    wildchat,
)
from clio.conversations.records import attempt
from clio.conversations.types import Conversation, Rejection

Reader = Callable[[Path, IngestConfig], Iterator[Conversation | Rejection]]
Recognise = Callable[[Mapping[str, Any]], str]

READERS: dict[Format, Reader] = {
    "claude-export": claude_export.read,
    "chatgpt-export": chatgpt_export.read,
    "oasst": oasst.read,
    "hh-rlhf": hh_rlhf.read,
    "wildchat": wildchat.read,
    "lmsys": lmsys.read,
    "sharegpt": sharegpt.read,
    "clio": clio.read,
    "anthropic": anthropic.read,
    "openai": openai.read,
    "columns": columns.read,
}
RECOGNISERS: dict[Format, Recognise] = {
    "claude-export": claude_export.recognise,
    "chatgpt-export": chatgpt_export.recognise,
    "oasst": oasst.recognise,
    "hh-rlhf": hh_rlhf.recognise,
    "wildchat": wildchat.recognise,
    "lmsys": lmsys.recognise,
    "sharegpt": sharegpt.recognise,
    "clio": clio.recognise,
    "anthropic": anthropic.recognise,
    "openai": openai.recognise,
}
"""In the order in which they are asked: the particular before the general."""


def read(path: Path, config: IngestConfig) -> Iterator[Conversation | Rejection]:
    """What ``path`` holds, by the config's format or, for ``auto``, by what its first records look like.

    Raises InputError, at the latest when the first item is asked for, if the file cannot be read at all.
    """
    from clio.conversations.detect import detect

    form = detect(path, config) if config.format == "auto" else config.format
    return READERS[form](path, config)


def from_records(
    records: Iterable[Mapping[str, Any] | Conversation], config: IngestConfig | None = None
) -> Iterator[Conversation | Rejection]:
    """The same for records given in Python: conversations as they are, mappings of our own format parsed.

    ``record`` is the ordinal, from 1. Of ``config`` only ``max_depth`` counts.
    """
    max_depth = (config or IngestConfig()).max_depth

    def parse(number: int, value: object) -> Conversation:
        check_depth(value, max_depth)
        return clio.parse(number, value)

    for number, record in enumerate(records, 1):
        yield record if isinstance(record, Conversation) else attempt(parse, number, record)
