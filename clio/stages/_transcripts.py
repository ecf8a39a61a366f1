"""From conversations to what a model may see of them: redacted, windowed, in memory only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clio.config.facets import FacetsConfig
from clio.conversations.types import Conversation, Turn
from clio.conversations.window import window
from clio.models.protocol import Transcript
from clio.stages._computed import detect_languages

SEAM = 1_000
"""Characters on either side of a cut through a very long turn that are not shown: longer than any identifier."""


@dataclass(frozen=True, slots=True)
class Source:
    """One conversation with the row of the ``conversations`` table that tells of it."""

    row: dict[str, Any]
    conversation: Conversation


def transcripts_of(
    batch: Sequence[Source], config: FacetsConfig, redact: Callable[[Sequence[str]], Sequence[str | None]]
) -> tuple[list[Transcript], dict[str, str]]:
    """Redact each turn, then window: an identifier is never cut in half before it is looked for."""
    reach = 2 * config.window.characters + SEAM
    pieces: list[str] = []
    shapes: list[list[tuple[Turn, int]]] = []
    for source in batch:
        shape = []
        for turn in source.conversation.turns:
            # Only what a window can hold is scanned; what stands at the cut is taken out after the scan.
            parts = [turn.text] if len(turn.text) <= 2 * reach else [turn.text[:reach], turn.text[-reach:]]
            pieces += parts
            shape.append((turn, len(parts)))
        shapes.append(shape)
    cleaned = iter(redact(pieces))
    transcripts, refused = [], {}
    for source, shape in zip(batch, shapes, strict=True):
        name = source.row["conversation_id"]
        turns: list[Turn] = []
        reachable = total = 0
        for turn, count in shape:
            parts_clean = [next(cleaned) for _ in range(count)]
            if any(part is None for part in parts_clean):
                refused[name] = "not redacted"
            turns.append(replace(turn, text=_joined([part or "" for part in parts_clean])))
            total += len(turn.text)
            reachable += min(len(turn.text), 2 * reach)
        seen = window(turns if name not in refused else (), config.window)
        share = seen.read_share * (reachable / total if total else 1.0) if name not in refused else 0.0
        shown = () if name in refused else turns
        answered = "\n".join(turn.text for turn in shown if turn.role == "assistant" and turn.kind == "text")
        transcripts.append(
            Transcript(name, seen.text, seen.user_text, share, assistant_text=answered[: config.window.characters])
        )
    languages = detect_languages([t.user_text for t in transcripts])
    return [replace(t, language=code) for t, code in zip(transcripts, languages, strict=True)], refused


def _joined(parts: Sequence[str]) -> str:
    """A turn from its redacted parts. What was cut in two at a seam could not be recognised: it is not shown."""
    if len(parts) == 1:
        return parts[0]
    head, tail = parts
    return f"{head[:-SEAM]} [...] {tail[SEAM:]}"
