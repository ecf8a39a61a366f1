"""The privacy statement of a run as one page that opens from disk: no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

_STAGES = {
    "raw": "the conversations themselves (seen in memory only)",
    "redacted": "what a model was shown of them",
    "facet": "answers in the private workspace",
    "release": "names, summaries and terms of the release",
}
_DETECTORS = {
    "broad": "anything like an address, link, handle or long number",
    "first": "names and addresses, first detector",
    "second": "names and addresses, second detector",
}
_STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --soft: #56606b; --line: #d5dade; --paper: #fff; --band: #f4f6f7;
  --accent: #0f5c6e }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaed; --soft: #a3adb6; --line: #39424a; --paper: #14181b;
  --band: #1c2226; --accent: #7cc4d4 } }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 60rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word }
h1 { font-size: 1.7rem; margin: 0 0 .25rem } h2 { font-size: 1.15rem; margin: 2.4rem 0 .5rem; color: var(--accent) }
p { margin: .4rem 0 } .lead { color: var(--soft) } .scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .93rem } caption { text-align: left; color: var(--soft);
  padding: .3rem 0 } th, td { text-align: left; vertical-align: top; padding: .45rem .7rem .45rem 0;
  border-bottom: 1px solid var(--line) } th { font-weight: 600 } td.number { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums } li { margin: .35rem 0 }
@media print { body { max-width: none; padding: 0 } h2 { break-after: avoid } tr { break-inside: avoid } }
"""


def page(title: str, told: Mapping[str, Any]) -> str:
    """HTML of a :func:`clio.privacy.statement.statement`; every value escaped."""
    parts = [
        f"<h1>{escape(title or 'Untitled run')}: privacy statement</h1>",
        '<p class="lead">Made by the run itself. The same in a form for programs: privacy.json.</p>',
        _section("Against whom, and for whom", f"<p>{escape(told['adversary'])}</p><p>{escape(told['unit'])}</p>"),
        _section("Rules in force", _rules(told["rules"])),
        _section("What is left of names and identifiers", _leaks(told["leaks"])),
        _section("What the names give away, judged by a model", _judged(told["judged"])),
        _section("What is hidden", _pairs(told["suppressed"], "Hidden things by reason")),
        _section("Languages", _languages(told["languages"])),
        _section("Noise", _noise(told["epsilon"])),
        _section("What is not promised", _bullets(told["not_promised"])),
    ]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title or 'Untitled run')}: privacy statement</title><style>{_STYLE}</style></head>\n"
        f"<body><main>\n{chr(10).join(parts)}\n</main></body></html>\n"
    )


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()) -> str:
    def cell(place: int, value: object) -> str:
        kind = ' class="number"' if place in numbers else ""
        return f"<td{kind}>{escape(_said(value))}</td>"

    told = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(f"<tr>{''.join(cell(n, value) for n, value in enumerate(row))}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption><thead><tr>{told}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _said(value: object) -> str:
    if value is None:
        return "not told"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _rules(rules: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            row["rule"],
            row["setting"],
            row["statement"],
            "" if row["hidden"] is None else f"{row['hidden']:,} {row['unit']}",
        )
        for row in rules
    ]
    return _table("Each with its setting and what it hid or changed", ("rule", "setting", "promise", "hidden"), rows)


def _leaks(leaks: Sequence[Mapping[str, Any]]) -> str:
    if not leaks:
        return "<p>Not measured in this run, or on too few conversations to tell.</p>"
    rows = [
        (
            _STAGES.get(row["stage"], row["stage"]),
            _DETECTORS.get(row["detector"], row["detector"]),
            row["texts"],
            ("below " if row["at_most"] else "") + f"{row['share']:.1%}",
            "yes: it says little here" if row["also_filtered"] else "no",
        )
        for row in leaks
    ]
    head = ("stage", "looked for", "texts", "found in", "the same detector removed what it found")
    return _table("Share of texts in which something was found", head, rows, (2, 3))


def _judged(judged: Mapping[str, Any]) -> str:
    told = [f"<p>{escape(str(judged.get('note', '')))}</p>"]
    shown = {name.replace("_", " "): value for name, value in judged.items() if isinstance(value, int)}
    told.append(_pairs(shown, "Numbers of names and summaries"))
    scales = [name for name in ("identifiability", "sensitivity") if name in judged]
    if scales:
        rows = [(name, *(judged[name][str(step)] for step in range(1, 6))) for name in scales]
        head = ("scale", "1 (worst)", "2", "3", "4", "5 (best)")
        told.append(_table("Verdicts of the measuring model", head, rows, (1, 2, 3, 4, 5)))
    return "".join(told)


def _languages(languages: Mapping[str, Any]) -> str:
    told = (
        f"<p>Names are looked for by a model in: {escape(', '.join(languages['with_detector']) or 'no language')}.</p>"
    )
    if languages["without_detector"] is None:
        return f"{told}<p>{escape(languages['note'])}</p>"
    missing = ", ".join(languages["without_detector"]) or "none"
    return f"{told}<p>Languages of this release without a detector of names: {escape(missing)}.</p>"


def _noise(epsilon: Mapping[str, Any] | None) -> str:
    if not epsilon:
        return "<p>None: counts are exact (or rounded, see the rules) and no epsilon can be stated.</p>"
    return _pairs(epsilon, "What was spent")


def _pairs(values: Mapping[str, Any], caption: str) -> str:
    rows = [(name.replace("_", " "), value) for name, value in values.items()]
    return _table(caption, ("what", "value"), rows, (1,)) if rows else "<p>Nothing.</p>"


def _bullets(texts: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"
