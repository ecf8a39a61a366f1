"""What a long stage shows: a bar in a terminal, plain lines elsewhere, JSON lines for programs, or nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal, Protocol, TextIO

Advance = Callable[[int], None]
Style = Literal["auto", "bar", "plain", "json", "quiet"]


class Reporter(Protocol):
    """Where progress goes."""

    def say(self, text: str) -> None:
        """One line."""
        ...

    def track(self, label: str, total: int, done: int = 0) -> AbstractContextManager[Advance]:
        """A context manager whose value is called with how many more are done."""
        ...


def make_reporter(style: Style, out: TextIO | None = None) -> Reporter:
    """``auto`` is a bar in a terminal and plain lines elsewhere. All of it goes to standard error by default."""
    out = out or sys.stderr
    if style == "auto":
        style = "bar" if out.isatty() else "plain"
    if style == "bar":
        return BarReporter(out)
    return {"plain": PlainReporter, "json": JsonReporter, "quiet": QuietReporter}[style](out)


def duration(seconds: float) -> str:
    """``3 s``, ``2 min 05 s``, ``1 h 10 min``."""
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class QuietReporter:
    """Says nothing."""

    def __init__(self, out: TextIO) -> None:
        self.out = out

    def say(self, text: str) -> None:
        """Nothing."""

    @contextmanager
    def track(self, label: str, total: int, done: int = 0) -> Iterator[Advance]:  # noqa: ARG002
        """Counts nothing."""
        yield lambda _more: None


class PlainReporter(QuietReporter):
    """A line at most every ``every`` seconds, with rate and time left."""

    every = 10.0

    def say(self, text: str) -> None:
        """The line as it is."""
        print(text, file=self.out, flush=True)

    @contextmanager
    def track(self, label: str, total: int, done: int = 0) -> Iterator[Advance]:
        """Lines with rate and time left."""
        start = last = time.monotonic()
        count = done
        told = -1

        def advance(more: int) -> None:
            nonlocal count, last, told
            count += more
            now = time.monotonic()
            if now - last >= self.every:
                last, told = now, count
                self._line(label, count, total, count - done, now - start)

        yield advance
        if count != told or not count:
            self._line(label, count, total, count - done, time.monotonic() - start)

    def _line(self, label: str, count: int, total: int, fresh: int, seconds: float) -> None:
        rate = fresh / seconds if seconds > 0 else 0.0
        left = f", {duration((total - count) / rate)} left" if rate and count < total else ""
        speed = f" ({rate:,.1f}/s{left})" if fresh and seconds >= 1 else ""
        self.say(f"  {label}: {count:,} of {total:,}{speed}" if total else f"  {label}: {count:,}{speed}")


class JsonReporter(PlainReporter):
    """One JSON object a line: ``{"event": "progress" | "message", ...}``."""

    every = 2.0

    def say(self, text: str) -> None:
        """A message event."""
        print(json.dumps({"event": "message", "text": text}), file=self.out, flush=True)

    def _line(self, label: str, count: int, total: int, fresh: int, seconds: float) -> None:
        event = {"event": "progress", "stage": label, "done": count, "total": total, "seconds": round(seconds, 2)}
        if fresh and seconds > 0:
            event["per_second"] = round(fresh / seconds, 2)
        print(json.dumps(event), file=self.out, flush=True)


class BarReporter:
    """A rich progress bar."""

    def __init__(self, out: TextIO) -> None:
        from rich.console import Console

        self.console = Console(file=out, highlight=False)

    def say(self, text: str) -> None:
        """The line as it is: no markup is read from it."""
        self.console.print(text, markup=False, emoji=False, soft_wrap=True)

    @contextmanager
    def track(self, label: str, total: int, done: int = 0) -> Iterator[Advance]:
        """A bar with count, rate and time left."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.progress import TimeRemainingColumn as Left

        columns = (
            TextColumn("  {task.description:<22}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            Left(),
        )
        start = time.monotonic()
        with Progress(*columns, console=self.console, transient=False) as progress:
            task = progress.add_task(label, total=total or None, completed=done, rate="")
            fresh = 0

            def advance(more: int) -> None:
                nonlocal fresh
                fresh += more
                seconds = time.monotonic() - start
                progress.update(task, advance=more, rate=f"{fresh / seconds:,.1f}/s" if seconds > 0.5 else "")

            yield advance
