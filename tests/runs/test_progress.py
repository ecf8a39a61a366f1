from __future__ import annotations

import io
import json
import time

import pytest

from clio.runs.progress import BarReporter, JsonReporter, PlainReporter, QuietReporter, Style, duration, make_reporter


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.5, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.6, "1 h 00 min"),
        (4230, "1 h 10 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("style", "kind"),
    [("plain", PlainReporter), ("json", JsonReporter), ("quiet", QuietReporter), ("bar", BarReporter)],
)
def test_styles(style: Style, kind: type) -> None:
    assert type(make_reporter(style, io.StringIO())) is kind
    assert type(make_reporter("auto", io.StringIO())) is PlainReporter
    assert type(make_reporter("auto", Terminal())) is BarReporter


def test_plain_lines_come_now_and_then_with_rate_and_time_left(clock: Clock) -> None:
    out = io.StringIO()
    with PlainReporter(out).track("embed", 1000, done=200) as advance:
        for _ in range(4):
            clock.now += 6
            advance(100)
    assert out.getvalue().splitlines() == [
        "  embed: 400 of 1,000 (16.7/s, 36 s left)",
        "  embed: 600 of 1,000 (16.7/s, 24 s left)",
    ]


def test_an_unknown_total(clock: Clock) -> None:
    out = io.StringIO()
    with PlainReporter(out).track("ingest", 0) as advance:
        advance(5000)
    assert out.getvalue() == "  ingest: 5,000\n"


def test_every_json_line_is_an_object(clock: Clock) -> None:
    out = io.StringIO()
    reporter = JsonReporter(out)
    reporter.say('a "quoted"\nline')
    with reporter.track("embed", 10) as advance:
        clock.now += 4
        advance(10)
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert events[0] == {"event": "message", "text": 'a "quoted"\nline'}
    assert events[-1] == {
        "event": "progress", "stage": "embed", "done": 10, "total": 10, "seconds": 4.0, "per_second": 2.5,
    }  # fmt: skip


def test_quiet_says_nothing() -> None:
    out = io.StringIO()
    reporter = QuietReporter(out)
    reporter.say("x")
    with reporter.track("embed", 10) as advance:
        advance(10)
    assert out.getvalue() == ""


def test_a_bar_reads_no_markup_and_wraps_nothing() -> None:
    out = io.StringIO()
    reporter = BarReporter(out)
    line = "[red]brackets[/red] :smile: " + "long " * 40
    reporter.say(line)
    assert out.getvalue() == line + "\n"
    with reporter.track("embed", 10, done=4) as advance:
        advance(6)
    assert "embed" in out.getvalue()
    assert "10/10" in out.getvalue()


@pytest.mark.parametrize("style", ["plain", "json", "quiet", "bar"])
def test_a_fault_inside_comes_through(style: Style) -> None:
    def stopped() -> None:
        with make_reporter(style, io.StringIO()).track("embed", 10) as advance:
            advance(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
