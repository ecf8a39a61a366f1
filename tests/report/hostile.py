"""A run whose names, summaries, terms and values are as hostile as the last look lets through."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.released import variant

NAMES = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> <b>bold</b> &lt;i&gt; <!-- gone -->",
    "=1+1",
    "  +SUM(A1;A2)",
    "@SUM(A1)",
    "-2+3|calc",
    "[click](javascript:alert(1)) ![x](data:image/png;base64,) **bold** _em_ `code` ~~gone~~",
    "#emph[typst] #read(\"x\") $x^2$ = heading {{ 7 * 7 }} {% raw %}",
    "\u202egnp.exe \u05d0\u05d1\u05d2 \u2066left\u2069 \u200fmark",
    "W" * 10_000,
    "long " * 2_000,
    "\N{FAMILY} \N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-6} \U0001f600 \U0001f1e9\U0001f1ea",
    "日本語 العربية हिन्दी Ελληνικά e\u0301\u0301",
    "a | b | c \\ \" ' ; , tab\there line\nbreak",
    "]]> <?php ?> --> </title></style></script>",
)  # fmt: skip


def hostile_run(run: Path, to: Path) -> Path:
    """A copy of the run: no wall would write it so, but a release can be forged."""

    def spoil(frame: pd.DataFrame) -> pd.DataFrame:
        names = [NAMES[n % len(NAMES)] for n in range(len(frame))]
        return frame.assign(name=names, summary=names[::-1], terms=[[name] for name in names])

    def spoil_values(frame: pd.DataFrame) -> pd.DataFrame:
        odd = {
            value: f"{value} {NAMES[n % len(NAMES)][:60]}"
            for n, value in enumerate(sorted(set(frame["value"])))
            if value
        }
        return frame.assign(value=[odd.get(value, value) for value in frame["value"]])

    return variant(run, to, clusters=spoil, breakdowns=spoil_values)
