"""What a model gets to see of a conversation: all of a short one, head, middle and tail of a long one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from clio.config.facets import Window
from clio.conversations.types import Role, Turn

MARKS: dict[Role, str] = {"user": "User", "assistant": "Assistant", "system": "System", "tool": "Tool"}
INDENT = "  "
GAP = 64
"""Characters set aside for the marker of a gap, wherever a piece of the middle is chosen."""
LEAST_PIECE = 80
"""Characters of a turn below which a cut piece of it is not worth its mark."""

# Everything that str.splitlines, a terminal or a model may take for the end of a line.
_BREAK = re.compile("\r\n|[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Windowed:
    """One conversation as text."""

    text: str
    """The turns, each with its role, gaps marked. Only marks stand at the beginning of a line."""
    user_text: str
    """What the user said of it, without marks, turns joined by newlines."""
    read_share: float
    """Share (0 to 1) of the characters of all turns, attachments and tool turns too, that ``text`` holds."""


@dataclass(frozen=True, slots=True, order=True)
class _Piece:
    """Characters ``start`` to ``end`` of the turn at ``turn``."""

    turn: int
    start: int
    end: int


def window(turns: Sequence[Turn], config: Window) -> Windowed:
    """The window on a conversation: everything if it fits in ``config.characters``, else head, tail and middle turns.

    Marks count against the budget; the text is longer by at most one marker of a gap (GAP characters). The time is
    linear in the length of the turns.
    """
    pieces = [_Piece(at, 0, _shown(turn)) for at, turn in enumerate(turns)]
    if sum(_cost(turns, piece, config.characters) for piece in pieces) > config.characters:
        pieces = _chosen(turns, pieces, config)
    total = sum(len(turn.text) for turn in turns)
    kept = sum(piece.end - piece.start for piece in pieces)
    said = (_text(turns, piece) for piece in pieces if turns[piece.turn].role == "user" and piece.end > piece.start)
    return Windowed("\n".join(_lines(turns, pieces)), "\n".join(said), kept / total if total else 1.0)


def placeholder(turn: Turn) -> str:
    """What stands for a turn that is not plain text; empty for one that is."""
    match turn.kind:
        case "text":
            return ""
        case "attachment":
            return f"[attachment: {len(turn.text)} characters]"
        case kind:
            return f"[{kind.replace('_', ' ')}]"


def _indented(text: str) -> str:
    """``text`` with every line but the first indented: so none can put a role or a marker at the beginning of a line,
    however it breaks lines.
    """
    return _BREAK.sub("\n" + INDENT, text)


def _shown(turn: Turn) -> int:
    """Characters of the turn's own text that the window can show."""
    return len(turn.text) if turn.kind == "text" else 0


def _text(turns: Sequence[Turn], piece: _Piece) -> str:
    return turns[piece.turn].text[piece.start : piece.end]


def _mark(turns: Sequence[Turn], piece: _Piece) -> str:
    return f"{MARKS[turns[piece.turn].role]}{' (continued)' if piece.start else ''}: "


def _cost(turns: Sequence[Turn], piece: _Piece, budget: int) -> int:
    """Characters that the piece takes, its mark and newline too; only a lower bound above ``budget``."""
    cost = len(_mark(turns, piece)) + 1 + len(placeholder(turns[piece.turn])) + piece.end - piece.start
    if cost <= budget:
        cost += len(INDENT) * sum(1 for _ in _BREAK.finditer(_text(turns, piece)))
    return cost


def _chosen(turns: Sequence[Turn], pieces: list[_Piece], config: Window) -> list[_Piece]:
    """The pieces of a conversation that does not fit, in order."""
    for_head, for_tail = int(config.characters * config.head), int(config.characters * config.tail)
    head, rest = _from_start(turns, pieces, for_head)
    tail, rest = _from_end(turns, rest, for_tail)
    middle = _spread(turns, rest, config.characters - for_head - for_tail)
    joined: list[_Piece] = []
    for piece in sorted([*head, *middle, *tail]):
        if joined and (joined[-1].turn, joined[-1].end) == (piece.turn, piece.start):
            piece = _Piece(piece.turn, joined.pop().start, piece.end)
        joined.append(piece)
    return joined


def _from_start(turns: Sequence[Turn], pieces: list[_Piece], budget: int) -> tuple[list[_Piece], list[_Piece]]:
    """The first pieces that ``budget`` pays for, the last of them cut, and what is left."""
    for at, piece in enumerate(pieces):
        cost = _cost(turns, piece, budget)
        if cost > budget:
            room = budget - len(_mark(turns, piece)) - 1
            size = _fitting(turns[piece.turn].text[piece.start : piece.start + max(room, 0)], room)
            if piece.end == piece.start or size < LEAST_PIECE:
                return pieces[:at], pieces[at:]
            cut = piece.start + size
            return [*pieces[:at], _Piece(piece.turn, piece.start, cut)], [
                _Piece(piece.turn, cut, piece.end),
                *pieces[at + 1 :],
            ]
        budget -= cost
    return pieces, []


def _from_end(turns: Sequence[Turn], pieces: list[_Piece], budget: int) -> tuple[list[_Piece], list[_Piece]]:
    """The last pieces that ``budget`` pays for, the first of them cut, and what is left."""
    for after in range(len(pieces), 0, -1):
        piece = pieces[after - 1]
        cost = _cost(turns, piece, budget)
        if cost > budget:
            room = budget - len(_mark(turns, _Piece(piece.turn, 1, 1))) - 1
            text = turns[piece.turn].text[max(piece.start, piece.end - max(room, 0)) : piece.end]
            size = _fitting(text[::-1], room)
            if piece.end == piece.start or size < LEAST_PIECE:
                return pieces[after:], pieces[:after]
            cut = piece.end - size
            return [_Piece(piece.turn, cut, piece.end), *pieces[after:]], [
                *pieces[: after - 1],
                _Piece(piece.turn, piece.start, cut),
            ]
        budget -= cost
    return pieces, []


def _spread(turns: Sequence[Turn], pieces: list[_Piece], budget: int) -> list[_Piece]:
    """Pieces spread evenly over ``pieces``: the user's turns first, because facets ask what the user wanted, then the
    others. One too long for its part of the budget is cut.
    """
    chosen: list[_Piece] = []
    worded = [piece for piece in pieces if piece.end > piece.start]
    by_user = [piece for piece in worded if turns[piece.turn].role == "user"]
    others = [piece for piece in worded if turns[piece.turn].role != "user"]
    for group in (by_user, others):
        part = max(budget // max(1, min(len(group), 4)), 2 * LEAST_PIECE + GAP)
        for piece in _evenly(group):
            room = min(part, budget) - GAP
            if room <= len(_mark(turns, piece)) + 1:
                break
            taken = [piece] if _cost(turns, piece, room) <= room else _cut(turns, piece, room)
            chosen += taken
            budget -= sum(_cost(turns, cut, room) + GAP for cut in taken)
    return chosen


def _cut(turns: Sequence[Turn], piece: _Piece, room: int) -> list[_Piece]:
    """What ``room`` characters hold of a piece that is too long: both ends of a whole turn, the centre of a rest."""
    text = turns[piece.turn].text
    room -= len(_mark(turns, piece)) + 1
    whole = piece.start == 0 and piece.end == len(text)
    if whole and room >= 2 * (LEAST_PIECE + GAP):
        half = (room - GAP - len(_mark(turns, _Piece(piece.turn, 1, 1))) - 1) // 2
        front, back = _fitting(text[:half], half), _fitting(text[-half:][::-1], half)
        return [_Piece(piece.turn, 0, front), _Piece(piece.turn, piece.end - back, piece.end)]
    start = piece.start if whole else piece.start + max(0, piece.end - piece.start - room) // 2
    size = _fitting(text[start : min(start + room, piece.end)], room)
    return [_Piece(piece.turn, start, start + size)] if size >= LEAST_PIECE else []


def _fitting(text: str, room: int) -> int:
    """How many of the first characters take at most ``room`` once their lines are indented."""
    breaks = 0
    for found in _BREAK.finditer(text):
        if found.start() >= room - len(INDENT) * breaks:
            break
        breaks += 1
    return max(0, min(len(text), room - len(INDENT) * breaks))


def _evenly(pieces: list[_Piece]) -> list[_Piece]:
    """``pieces`` in an order of which every beginning lies evenly over the whole (van der Corput's)."""
    bits = max(1, (len(pieces) - 1).bit_length())
    return [pieces[at] for at in sorted(range(len(pieces)), key=lambda at: f"{at:0{bits}b}"[::-1])]


def _lines(turns: Sequence[Turn], pieces: list[_Piece]) -> Iterator[str]:
    """The pieces as text, with a marker wherever something was left out."""
    before = list(accumulate((len(turn.text) for turn in turns), initial=0))
    turn, end = -1, 0
    for piece in [*pieces, _Piece(len(turns), 0, 0)]:
        # From the character ``end`` of ``turn`` to the start of this piece.
        missing = before[piece.turn] + piece.start
        missing -= before[turn] + end if turn >= 0 else 0
        if turn >= 0 and turns[turn].kind != "text" and piece.turn > turn:
            missing -= len(turns[turn].text)
        passed = max(0, piece.turn - turn - 1)
        if missing or passed:
            count = f"{passed} turn{'s' if passed > 1 else ''}, " if passed else ""
            yield f"[... {count}{missing} characters left out ...]"
        if piece.turn < len(turns):
            yield _mark(turns, piece) + (placeholder(turns[piece.turn]) or _indented(_text(turns, piece)))
        turn, end = piece.turn, piece.end
