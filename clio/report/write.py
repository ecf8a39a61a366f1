"""From a run to one file that can be sent: made of the release alone, looked through, and only then written."""

from __future__ import annotations

import html
import json
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from clio.config.report import ReportConfig, load_report_config
from clio.errors import ClioError, ConfigError, PrivacyError, RunError
from clio.report._base import NAME
from clio.report.words import TEXTS

if TYPE_CHECKING:
    from clio.explore.release import Release
    from clio.privacy.redact import Redactor
    from clio.report.content import Report

Format = Literal["html", "pdf", "docx", "md"]
_TAG = re.compile(r"</?[a-z]+>")
_PLOTS = re.compile(r'<script type="application/json" id="report-plots">(.*?)</script>', re.DOTALL)
FORMATS: tuple[Format, ...] = get_args(Format)


def write_report(
    run: str | Path, path: str | Path, *, format: Format = "html",  # noqa: A002
    config: ReportConfig | Mapping[str, Any] | str | Path | None = None, interactive: bool = False,
    overwrite: bool = False,
) -> Path:  # fmt: skip
    """Write the report of a run, or of a release that was passed on alone, and give the path back.

    Raises:
        RunError: nothing was released yet, or the file is there and ``overwrite`` is not given.
        ConfigError: the config or a template is wrong.
        MissingExtraError: the extra ``report`` (or, interactive, ``app``) is not installed.
        PrivacyError: the last look found what looks like an identifier, a secret or a name. Nothing was written.
    """
    from clio.explore.release import load
    from clio.report.content import compose
    from clio.runs.files import replacing
    from clio.runs.read import open_run

    target = Path(path)
    settings = load_report_config(config)
    if format not in FORMATS:
        raise ConfigError(f"no format `{format}` of a report; there are {', '.join(FORMATS)}")
    if interactive and format != "html":
        raise ConfigError("only a report in HTML can be interactive: leave --interactive out, or take --format html")
    if target.is_dir() or (target.exists() and not overwrite):
        raise RunError(f"{target}: is there already. Name another file, or write over it with --force.")
    opened = open_run(run)
    release = load(opened.folder)
    report = compose(release, settings)
    data, texts = _WRITERS[format](report, release, settings, interactive)
    refuse_findings(texts, _redactor(release), ours(release, report), _names(release))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target, public=True) as handle:
            handle.write(data)
    except OSError as fault:
        raise RunError(f"{target}: cannot be written ({fault.strerror}). Choose another place with -o.") from None
    return target


def _html(report: Report, release: Release, config: ReportConfig, interactive: bool) -> tuple[bytes, list[str]]:
    from clio.report.html import page

    data = page(report, templates=config.templates, moving=release if interactive else None)
    text = data.decode("utf-8")
    return data, [*page_texts(text), *(_moving_texts(text, release) if interactive else ())]


def _pdf(report: Report, _release: Release, config: ReportConfig, _interactive: bool) -> tuple[bytes, list[str]]:
    writer = import_module("clio.report.pdf")

    own = config.templates / "report.typ" if config.templates is not None else None
    data: bytes = writer.pdf_bytes(report.document, own if own is not None and own.is_file() else None)
    return data, [*_document_texts(report), *writer.pdf_text(data).splitlines()]


def _docx(report: Report, _release: Release, _config: ReportConfig, _interactive: bool) -> tuple[bytes, list[str]]:
    writer = import_module("clio.report.docx")

    return writer.docx_bytes(report.document), _document_texts(report)


def _md(report: Report, _release: Release, _config: ReportConfig, _interactive: bool) -> tuple[bytes, list[str]]:
    writer = import_module("clio.report.markdown")

    text: str = writer.markdown_text(report.document)
    return text.encode("utf-8"), [*_document_texts(report), *text.splitlines()]


_Writer = Callable[["Report", "Release", ReportConfig, bool], tuple[bytes, list[str]]]
_WRITERS: Mapping[Format, _Writer] = {"html": _html, "pdf": _pdf, "docx": _docx, "md": _md}


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


def _moving_texts(page: str, release: Release) -> list[str]:
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
        walk([plain(row["summary"], 20_000), *(plain(term) for term in row["terms"])])
    return list(found)


def _document_texts(report: Report) -> list[str]:
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


def ours(release: Release, report: Report) -> frozenset[str]:
    """Texts that are nobody's: digests, and the fixed text of reports."""
    digests = [release.about.get("digest"), *(release.about.get("prompts") or {}).values()]
    fixed = [text for texts in TEXTS.values() for text in texts.values()]
    facts = [value for _, value in report.document.facts]
    return frozenset(str(text) for text in ("Clio Toolkit", *digests, *fixed, *facts) if text)


def _names(release: Release) -> list[str]:
    """Names of clusters as reports write them, the longest first."""
    from clio.explore.safe import plain
    from clio.figures.words import cut

    found = {text for name in release.clusters["name"] for text in (plain(name), plain(name, NAME), cut(name, 120))}
    return sorted((text for text in found if len(text) > 2), key=lambda text: (-len(text), text))


def refuse_findings(texts: Iterable[str], redactor: Redactor, known: Collection[str], names: Sequence[str]) -> None:
    """The scan that every artefact of a release passes, over the texts of a finished file.

    ``names`` are released names, which are looked at one by one. Detectors of names take a part of one for a person
    now and then where numbers stand around it; such a text is looked at again without the names in it.

    Raises:
        PrivacyError: it found something. Says of which kind; never the text.
    """
    every = list(dict.fromkeys([*texts, *names]))
    found = _scan(every, redactor, known)
    composed = [row for row, kinds in found.items() if kinds == {"NAME"} and every[row] not in set(names)]
    bare = [_without(every[row], names) for row in composed]
    again = _scan(bare, redactor, known) if bare else {}
    for place, row in enumerate(composed):
        if place not in again:
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


def _redactor(release: Release) -> Redactor:
    """As the run's own where its settings are here, so that terms it allows are allowed in its report."""
    from pydantic import ValidationError

    from clio.config.redact import RedactConfig
    from clio.privacy.redact import Redactor

    given = ((release.private or {}).get("config") or {}).get("redact") or {}
    try:
        return Redactor(RedactConfig.model_validate(given))
    except (ValidationError, ClioError):
        return Redactor(RedactConfig())
