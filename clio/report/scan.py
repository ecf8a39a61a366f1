"""The last look at a finished report: its texts, whole and as they were laid out, under the detectors of a release."""

from __future__ import annotations

import html
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Collection, Iterable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clio.errors import PrivacyError
from clio.report._base import NAME, WHOLE
from clio.report.words import fixed_texts

if TYPE_CHECKING:
    from clio.explore.release import Release
    from clio.privacy.redact import Redactor
    from clio.report.content import Report

_TAG = re.compile(r"</?[a-z]+>")
_PLOTS = re.compile(r'<script type="application/json" id="report-plots">(.*?)</script>', re.DOTALL)
_TOKEN = re.compile(r"\w+")
_ENDS_IN_WORD = re.compile(r"\w+$")
_BETWEEN = re.compile(r">([^<>]+)<")


def _fixed_parts() -> re.Pattern[str]:
    """What stands between the blanks of the fixed texts of reports, the longest first, as whole words."""
    parts = {part.strip(' .,:;()„“"') for text in fixed_texts() for part in _BLANK.split(text)}
    longest = sorted((part for part in parts if len(part) > 2), key=lambda part: (-len(part), part))
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest)) + r")(?!\w)")


_LETTER = re.compile(r"[^\W\d_]")
_BLANK = re.compile(r"\{[^{}]*\}")
_FIXED = _fixed_parts()


class _Texts(HTMLParser):
    """Texts of a page and of its attributes that are read out; not its style and scripts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, None] = {}
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script"):
            self._inside = tag
        ours = any(name == "http-equiv" for name, _ in attrs)  # the policy, which holds hashes of the scripts
        for name, value in attrs:
            if value and not ours and name in ("aria-label", "alt", "title", "content"):
                self.found[value] = None

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if not self._inside and data.strip():
            self.found[data.strip()] = None


def page_texts(page: str) -> list[str]:
    """Every text that a reader of the page can come to, each once."""
    parser = _Texts()
    parser.feed(page)
    parser.close()
    return list(parser.found)


def moving_texts(page: str, release: Release) -> list[str]:
    """Texts within the data of figures that move: those of plotly, and what the map is made of."""
    from clio.explore.safe import plain

    found: dict[str, None] = {}

    def walk(value: Any) -> None:
        if isinstance(value, str):
            found[html.unescape(_TAG.sub(" ", value))] = None
        elif isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, dict):
            for key, item in value.items():
                if key not in ("bdata", "template"):  # numbers in base64, and the look
                    walk(item)

    data = _PLOTS.search(page)
    walk(json.loads(data[1]) if data else [])
    for row in release.rows.values():
        walk([plain(row["summary"], WHOLE), *(plain(term) for term in row["terms"])])
    return list(found)


def document_texts(report: Report) -> list[str]:
    """Strings of the document without the drawings: for files that cannot be read back text by text."""
    from clio.report.content import plain_values

    found: dict[str, None] = {}

    def walk(value: Any) -> None:
        if isinstance(value, str):
            found[value] = None
        elif isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, dict):
            for key, item in value.items():
                if key not in ("light", "dark", "kind", "words"):
                    walk(item)

    walk(plain_values(report.document))
    return list(found)


def office_texts(data: bytes) -> list[str]:
    """Texts of an Office file, those about the file too (who made it, when)."""
    found: dict[str, None] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        for name in parts.namelist():
            if name.startswith(("word/document", "word/header", "word/footer", "docProps/")) and name.endswith(".xml"):
                found |= {html.unescape(text): None for text in _BETWEEN.findall(parts.read(name).decode("utf-8"))}
    return list(found)


def ours(release: Release, report: Report) -> frozenset[str]:
    """Texts that are nobody's: digests, and the fixed text of reports."""
    digests = [release.about.get("digest"), *(release.about.get("prompts") or {}).values()]
    facts = [value for _, value in report.document.facts]
    return frozenset(str(text) for text in ("Clio Toolkit", *digests, *fixed_texts(), *facts) if text)


def names_of(release: Release) -> list[str]:
    """Names of clusters as reports write them, the longest first."""
    from clio.explore.safe import plain
    from clio.figures.words import cut

    found = {text for name in release.clusters["name"] for text in (plain(name), plain(name, NAME), cut(name, 120))}
    return sorted((text for text in found if len(text) > 2), key=lambda text: (-len(text), text))


def refuse_edited(release: Release, redactor: Redactor) -> None:
    """The look of every detector at what edits put into a release, whose own words were looked at so before.

    Raises:
        PrivacyError: it found something. Names the column; never the text.
    """
    import pyarrow as pa

    from clio.privacy.redact.artefacts import scan_artefacts
    from clio.privacy.wall import clean_text
    from clio.runs.files import write_table

    if release.published is None:
        return
    before, now = release.published[0], release.clusters
    findings = []
    for column in ("name", "summary"):
        given = [clean_text(str(text)) for text in now[column][~now[column].isin(set(before[column]))]]
        with tempfile.TemporaryDirectory(prefix="clio-report-") as folder:
            write_table(Path(folder) / "edits.parquet", pa.table({column: pa.array(given, pa.string())}))
            findings += scan_artefacts(Path(folder), redactor) if given else []
    if findings:
        where = " and ".join(sorted({found.column for found in findings}))
        raise PrivacyError(
            f"the last look found {len(findings)} texts of edits ({where}) that may hold an identifier, a secret or a "
            "name. Nothing was written. Undo the edit that brought it in; where a term is harmless, list it under "
            "redact.allow of the run's config."
        )


def refuse_findings(texts: Iterable[str], redactor: Redactor, known: Collection[str], names: Sequence[str]) -> None:
    """The scan that every artefact of a release passes, over the texts of a finished file.

    ``names`` are released names, which are looked at one by one. Detectors of names take a part of one for a person
    now and then where numbers stand around it, and a German noun of the fixed text for one nearly always; such a text
    is looked at again without the names and without the fixed text in it.

    Raises:
        PrivacyError: it found something. Says of which kind; never the text.
    """
    every = list(dict.fromkeys([*texts, *names]))
    found = _scan(every, redactor, known)
    composed = [row for row, kinds in found.items() if kinds == {"NAME"} and every[row] not in set(names)]
    bare = [_FIXED.sub("…", _without(every[row], names)) for row in composed]
    again = _scan(bare, redactor, known) if bare else {}
    for place, row in enumerate(composed):
        if place not in again or not _LETTER.search(bare[place]):
            del found[row]
    if found:
        kinds = ", ".join(sorted(set().union(*found.values())))
        raise PrivacyError(
            f"the last look at the report found {len(found)} texts that may hold what must not be sent ({kinds}). "
            "Nothing was written. Look at titles and edits made by hand; where a term is harmless, list it under "
            "redact.allow of the run's config."
        )


def _scan(texts: Sequence[str], redactor: Redactor, known: Collection[str]) -> dict[int, set[str]]:
    """Kinds of what was found, by place of the text."""
    from clio.privacy.redact.artefacts import scan_artefacts

    with tempfile.TemporaryDirectory(prefix="clio-report-") as folder:
        place = Path(folder) / "report.jsonl"
        lines = [json.dumps(text, ensure_ascii=True) for text in (*texts, "", "")]
        place.write_text("\n".join(lines), encoding="ascii")
        found: dict[int, set[str]] = {}
        for finding in scan_artefacts(Path(folder), redactor, known=known):
            # A place that is not told (the file could not be read) is a finding all the same.
            found.setdefault((finding.row or 0) - 1, set()).add(str(finding.type))
    return found


def _without(text: str, names: Sequence[str]) -> str:
    for name in names:
        if name in text:
            text = text.replace(name, "…")
    return text


def refuse_laid_out(lines: Sequence[str], texts: Iterable[str], redactor: Redactor, known: Collection[str]) -> None:
    """The same over what a writer made of texts that were scanned one by one: broken into lines, put into rows.

    Rows of numbers look like a telephone number and half a hash like a key. So a finding counts where any word of it is
    none of the report's own: where the writer brought it in.

    Raises:
        PrivacyError: there is one.
    """
    own = {token for text in (*texts, *known) for token in _TOKEN.findall(text)}
    long = sorted(token for token in own if len(token) >= 16)
    joined = "\n".join(long)
    pieces = [line[at : at + 4_000] for line in lines for at in range(0, len(line), 4_000) if line.strip()]
    kinds: set[str] = set()
    for piece, spans in zip(pieces, redactor.scan_many(pieces, second=False), strict=True):
        for span in spans:
            words = _whole(piece, span.start, span.end)
            for token in long:  # cells side by side can come out as one word
                words = words.replace(token, " ")
            if not all(token in own or (len(token) >= 4 and token in joined) for token in _TOKEN.findall(words)):
                kinds.add(str(span.type))
    if kinds:
        raise PrivacyError(
            f"the last look at the finished file found what is not of the report itself ({', '.join(sorted(kinds))}). "
            "Nothing was written. Look at the template, if it is your own; else please report this."
        )


def _whole(text: str, start: int, end: int) -> str:
    """A part of a text with the rest of the words that it begins and ends in."""
    before, after = _ENDS_IN_WORD.search(text[:start]), _TOKEN.match(text, end)
    inside = start < end and bool(_TOKEN.match(text[end - 1]))
    first = before.start() if before and _TOKEN.match(text, start) else start
    return text[first : after.end() if after and inside else end]
