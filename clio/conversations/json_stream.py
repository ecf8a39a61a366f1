"""JSON from streams: bounded in size and depth, one value at a time, each failure on its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from clio.conversations.files import Line
from clio.conversations.types import Rejection, UnreadableError

# Possessive: a string of any length is passed over in one step, without a stack of places to return to.
_IN_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_INSIDE = re.compile(rb'["\[\]{}]')
_BETWEEN = re.compile(rb'["\[\]{},]')
_QUOTE, _COMMA, _BACKSLASH = b'",\\'


def parse(data: bytes, max_depth: int) -> Any:
    """One JSON value from UTF-8 bytes. Raises UnreadableError and nothing else, whatever the bytes."""
    if not data.strip(b"\0 \t\r\n"):
        raise UnreadableError("not text")
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise UnreadableError("not UTF-8") from None
    return parse_text(text, max_depth)


def parse_text(text: str, max_depth: int) -> Any:
    """As ``parse``, for text."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise UnreadableError("nested too deeply") from None
    except ValueError:
        raise UnreadableError("not JSON") from None
    if text.count("[") + text.count("{") > max_depth:
        check_depth(value, max_depth)
    return value


def check_depth(value: object, max_depth: int) -> None:
    """Raises UnreadableError if lists and mappings in ``value`` lie deeper than ``max_depth``. Cycles count as deep."""
    level: list[object] = [value]
    for _ in range(max_depth):
        within: dict[int, object] = {}
        for holder in level:
            items = holder.values() if isinstance(holder, dict) else holder if isinstance(holder, (list, tuple)) else ()
            for item in items:
                if isinstance(item, (dict, list, tuple)):
                    # By identity: an object that is referred to twice is looked at once, so this stays linear.
                    within[id(item)] = item
        if not within:
            return
        level = list(within.values())
    raise UnreadableError("nested too deeply")


def elements(chunks: Iterator[bytes], limit: int, *, array: bool) -> Iterator[Line | Rejection]:
    """The elements of one JSON array, or else the objects that stand one after the other, as bytes with an ordinal.

    Only strings and brackets are followed, so a broken element spoils itself and not the rest, and an element of
    more than ``limit`` bytes is passed over without being held. A stream that stops inside the array ends in one
    rejection.
    """
    scanner = _Scanner(limit, base=1 if array else 0)
    try:
        for chunk in chunks:
            yield from scanner.feed(chunk)
    except UnreadableError as cut:
        yield Rejection(scanner.ordinal, cut.reason)
        return
    if scanner.unfinished:
        yield Rejection(scanner.ordinal, "file ends early")


def _blank(data: bytes) -> bool:
    return not data or data.isspace()


class _Scanner:
    """Where the scan of one stream stands. ``base`` is the depth at which the elements lie."""

    def __init__(self, limit: int, base: int) -> None:
        self.limit, self.base = limit, base
        self.ordinal = 1
        self.depth = 0
        self.in_string = self.escaped = False
        self.over = False
        """The array has been closed: anything but blanks behind it is one more, broken, element."""
        self.trailing = False
        self.held, self.size = bytearray(), 0

    @property
    def unfinished(self) -> bool:
        return not self.over if self.base else self.size > self.limit or bool(self.held.strip())

    def feed(self, chunk: bytes) -> Iterator[Line | Rejection]:
        begin = at = 0
        if self.depth < self.base and not _blank(chunk) and not chunk.lstrip().startswith(b"["):
            self.over = True  # There is no array, or there is something behind it.
        while not self.over and (at := self._next_mark(chunk, at)) < len(chunk):
            mark = chunk[at]
            at += 1
            if mark == _QUOTE:
                self.in_string = True
            elif mark == _COMMA:
                if self.base:
                    yield self._take(chunk[begin : at - 1]) or Rejection(self.ordinal, "not JSON")
                    self.ordinal, begin = self.ordinal + 1, at
            elif mark in b"[{":
                self.depth += 1
                if self.depth == self.base:
                    # The bracket of the array itself; blanks before it go.
                    self._take(b"")
                    begin = at
            else:
                self.depth -= 1
                self.over = self.depth < self.base == 1
                if self.depth <= 0:
                    self.depth = 0
                    if element := self._take(chunk[begin : at - self.base]):
                        yield element
                        self.ordinal += 1
                    begin = at
        if not self.over:
            self._hold(chunk[begin:])
        elif not self.trailing and not _blank(chunk[begin:]):
            self.trailing = True
            yield Rejection(self.ordinal, "not JSON")

    def _next_mark(self, chunk: bytes, at: int) -> int:
        """Position of the next quote, bracket or dividing comma outside strings; the chunk's length if none."""
        if self.escaped and chunk:
            self.escaped, at = False, 1
        if self.in_string:
            passed = _IN_STRING.match(chunk, at)
            at = passed.end() if passed else at
            if at >= len(chunk):
                return len(chunk)
            if chunk[at] == _BACKSLASH:
                self.escaped = True
                return len(chunk)
            self.in_string, at = False, at + 1
        found = (_BETWEEN if self.depth == self.base else _INSIDE).search(chunk, at)
        return found.start() if found else len(chunk)

    def _hold(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > self.limit:
            self.held.clear()
        else:
            self.held += piece

    def _take(self, piece: bytes) -> Line | Rejection | None:
        """What was held together with ``piece`` as one element; None if that is blank."""
        self._hold(piece)
        data, size = bytes(self.held).strip(), self.size
        self.held.clear()
        self.size = 0
        if size > self.limit:
            return Rejection(self.ordinal, "record too long")
        return (self.ordinal, data) if data else None
