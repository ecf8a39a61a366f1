"""Whole files through the redactor, a few texts at a time: what ``clio redact`` does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from clio.conversations.files import Line
from clio.conversations.types import Conversation, Rejection, Turn
from clio.privacy.redact.blocks import text_blocks
from clio.privacy.redact.redactor import Redactor

WITHHELD = "[WITHHELD]"
"""Stands for a text that could not be redacted."""
_TEXTS, _CHARACTERS = 128, 100_000
"""Texts, and characters, after which a batch is handed to the redactor."""

Pseudonym = Callable[[str, str], str]
"""Kind (``conversation``, ``account``) and value to what stands for it."""


@dataclass
class Tally:
    """What came of a source, in numbers."""

    conversations: int = 0
    texts: int = 0
    """Texts that held something: turns and metadata of conversations, or blocks of lines."""
    found: Counter[str] = field(default_factory=Counter)
    """Placeholders put in, by type."""
    withheld: Counter[str] = field(default_factory=Counter)
    """Texts that became ``[WITHHELD]``, by reason."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Records that hold no conversation and are left out, by reason."""

    def facts(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "conversations": self.conversations,
            "texts": self.texts,
            "found": dict(sorted(self.found.items())),
            "withheld": dict(sorted(self.withheld.items())),
            "rejected": dict(sorted(self.rejected.items())),
        }


def redact_conversations(
    records: Iterable[Conversation | Rejection], redactor: Redactor, pseudonym: Pseudonym, tally: Tally
) -> Iterator[str]:
    """Lines of the toolkit's own JSONL, one a conversation, in order. Ids and accounts become pseudonyms."""
    held: list[Conversation] = []
    texts = characters = 0
    for record in records:
        if isinstance(record, Rejection):
            tally.rejected[record.reason] += 1
            continue
        held.append(record)
        texts += len(record.turns)
        characters += sum(len(turn.text) for turn in record.turns)
        if texts >= _TEXTS or characters >= _CHARACTERS:
            yield from _lines(held, redactor, pseudonym, tally)
            held, texts, characters = [], 0, 0
    yield from _lines(held, redactor, pseudonym, tally)


def _lines(held: list[Conversation], redactor: Redactor, pseudonym: Pseudonym, tally: Tally) -> Iterator[str]:
    wanted = [text for one in held for text in _texts_of(one)]
    clean = dict(zip(wanted, _clean(wanted, redactor, tally), strict=True))
    for one in held:
        tally.conversations += 1
        record = {
            "id": pseudonym("conversation", one.source_id) if one.source_id else None,
            "messages": [_message(turn, clean[turn.text]) for turn in one.turns],
            "user_id": pseudonym("account", one.account) if one.account else None,
            "timestamp": one.started_at.isoformat() if one.started_at else None,
            "metadata": {clean[name]: clean[value] for name, value in one.metadata.items()},
        }
        yield json.dumps(record, ensure_ascii=False)


def _texts_of(conversation: Conversation) -> Iterator[str]:
    yield from (turn.text for turn in conversation.turns)
    for name, value in conversation.metadata.items():
        yield from (name, value)


def _message(turn: Turn, text: str) -> dict[str, Any]:
    """A message from which the toolkit's own reader makes this turn again."""
    blocks: dict[str, dict[str, Any]] = {
        "image": {"type": "image"},
        "attachment": {"type": "document", "source": {"type": "text", "data": text}},
        "tool_call": {"type": "tool_call", "name": text},
        "tool_result": {"type": "tool_result", "content": text},
        "reasoning": {"type": "reasoning", "text": text},
    }
    return {"role": turn.role, "content": [blocks[turn.kind]] if turn.kind in blocks else text}


def redact_lines(
    lines: Iterable[Line | Rejection], redactor: Redactor, tally: Tally, *, at_once: int = _TEXTS
) -> Iterator[str]:
    """The lines of a plain text, redacted paragraph by paragraph, ``at_once`` of them in one batch. A line that is not
    UTF-8 or too long, and one on which a detector fails, becomes ``[WITHHELD]``.
    """
    held: list[str] = []
    for block in _blocks(lines):
        if isinstance(block, Rejection):
            yield from _paragraphs(held, redactor, tally)
            held = []
            tally.texts += 1
            tally.withheld[block.reason] += 1
            yield WITHHELD
            continue
        held.append(block)
        if len(held) >= at_once or sum(map(len, held)) >= _CHARACTERS:
            yield from _paragraphs(held, redactor, tally)
            held = []
    yield from _paragraphs(held, redactor, tally)


def _blocks(lines: Iterable[Line | Rejection]) -> Iterator[str | Rejection]:
    decoded = (line if isinstance(line, Rejection) else _decoded(*line) for line in lines)
    for unreadable, group in groupby(decoded, key=lambda line: isinstance(line, Rejection)):
        if unreadable:
            yield from (line for line in group if isinstance(line, Rejection))
        else:
            yield from (block for _, block in text_blocks(line for line in group if not isinstance(line, Rejection)))


def _decoded(number: int, line: bytes) -> tuple[int, str] | Rejection:
    try:
        return number, line.decode()
    except UnicodeDecodeError:
        return Rejection(number, "not UTF-8")


def _paragraphs(blocks: list[str], redactor: Redactor, tally: Tally) -> Iterator[str]:
    results = redactor.redact_many(blocks, second=True)
    for block, result in zip(blocks, results, strict=True):
        lines = block.split("\n")
        if result.text is not None:
            tally.texts += bool(block.strip())
            tally.found.update(result.counts)
            yield result.text
        elif len(lines) == 1 or "-----BEGIN" in block:
            tally.texts += 1
            tally.withheld[result.reason] += 1
            yield WITHHELD
        else:  # the rest of a paragraph need not go with the line that fails
            yield from _clean(lines, redactor, tally)


def _clean(texts: list[str], redactor: Redactor, tally: Tally) -> Iterator[str]:
    for text, result in zip(texts, redactor.redact_many(texts, second=True), strict=True):
        tally.texts += bool(text.strip())
        tally.found.update(result.counts)
        if result.text is None:
            tally.withheld[result.reason] += 1
        yield WITHHELD if result.text is None else result.text
