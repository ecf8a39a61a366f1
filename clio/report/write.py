"""From a run to one file that can be sent: made of the release alone, looked through, and only then written."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from clio.config.report import ReportConfig, load_report_config
from clio.errors import ConfigError, RunError
from clio.exports.guard import hold_thresholds, redactor_of, refuse_within
from clio.report import scan

if TYPE_CHECKING:
    from clio.explore.release import Release
    from clio.privacy.redact import Redactor
    from clio.report.content import Report
    from clio.runs.read import Run

Format = Literal["html", "pdf", "docx", "md"]
MOVES = b'id="report-plots"'
"""What a page with figures that move holds."""
_ESCAPE = re.compile(r"\\(.)")
_TOLD = 20
"""Characters that a remark names."""
FORMATS: tuple[Format, ...] = get_args(Format)


def write_report(
    run: str | Path, path: str | Path, *, format: Format = "html",  # noqa: A002
    config: ReportConfig | Mapping[str, Any] | str | Path | None = None, interactive: bool = False,
    overwrite: bool = False, say: Callable[[str], object] | None = None,
) -> Path:  # fmt: skip
    """Write the report of a run, or of a release that was passed on alone, and give the path back.

    ``say`` is told of what the file shows less well than it might: characters of a PDF that no font has.

    Raises:
        RunError: nothing was released yet, the file is there and ``overwrite`` is not given, or its place is the run's.
        ConfigError: the config or a template is wrong.
        MissingExtraError: the extra ``report`` (or, interactive, ``app``) is not installed, or the run requires a
            detector of names that is not.
        PrivacyError: the release holds a cell under threshold, or the last look found what looks like an identifier, a
            secret or a name. Nothing was written.
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
    opened = open_run(run)
    _refuse(target, opened, format, overwrite)
    release = load(opened.folder)
    hold_thresholds(release)
    redactor = redactor_of(release)
    report = compose(release, settings)
    data = written(report, release, settings, format, interactive=interactive)
    _look(data, report, release, format, redactor)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target, public=True) as handle:
            handle.write(data)
    except OSError as fault:
        raise RunError(f"{target}: cannot be written ({fault.strerror}). Choose another place with -o.") from None
    if say is not None and format == "pdf":
        _say_undrawn(report, settings, say)
    return target


def _say_undrawn(report: Report, config: ReportConfig, say: Callable[[str], object]) -> None:
    missing: list[str] = import_module("clio.report.pdf").undrawn(report.document, _fonts(config))
    if missing:
        shown = " ".join(f"{letter} (U+{ord(letter):04X})" for letter in missing[:_TOLD])
        more = f" and {len(missing) - _TOLD:,} more" if len(missing) > _TOLD else ""
        say(
            f"{len(missing):,} characters are in no font of this computer and are printed as boxes: {shown}{more}. "
            "Install Noto fonts, or name a folder of fonts under `fonts` of the report's config."
        )


def _refuse(target: Path, run: Run, format: Format, overwrite: bool) -> None:  # noqa: A002
    """Raise where ``target`` is not ours to write."""
    elsewhere = "Name a file outside of it with -o."
    refuse_within(target, run, elsewhere)
    beside = target.resolve().parent == run.folder.resolve()
    if beside and target.suffix.lower() != f".{format}":  # manifest.json, edits.jsonl ...
        raise RunError(f"{target}: in the folder of a run, only a file that ends in .{format} is written. {elsewhere}")
    if target.is_dir() or (target.exists() and not overwrite):
        raise RunError(f"{target}: is there already. Name another file, or write over it with --force.")


def written(
    report: Report, release: Release, config: ReportConfig, form: Format, *, interactive: bool = False
) -> bytes:
    """The report as a file of that format. Raises as :func:`write_report`; nothing is looked through."""
    if form == "html":
        from clio.report.html import page

        return page(report, templates=config.templates, moving=release if interactive else None)
    if form == "pdf":
        setter = import_module("clio.report.pdf").pdf_bytes
        return bytes(setter(report.document, _own(config, "report.typ"), _fonts(config)))
    if form == "docx":
        return bytes(import_module("clio.report.docx").docx_bytes(report.document, _own(config, "report.docx")))
    return str(import_module("clio.report.markdown").markdown_text(report.document)).encode("utf-8")


def _own(config: ReportConfig, name: str) -> Path | None:
    """A template of that name, where the config's folder has one."""
    own = config.templates / name if config.templates is not None else None
    return own if own is not None and own.is_file() else None


def _fonts(config: ReportConfig) -> list[Path]:
    return [] if config.fonts is None else [config.fonts]


def file_texts(data: bytes, form: Format) -> list[str]:
    """What a finished file reads like: of HTML text by text, of other formats as they are laid out."""
    if form == "html":
        return scan.page_texts(data.decode("utf-8", "replace"))
    if form == "pdf":
        return str(import_module("clio.report.pdf").pdf_text(data)).splitlines()
    if form == "docx":
        return scan.office_texts(data)
    return _ESCAPE.sub(r"\1", html.unescape(data.decode("utf-8", "replace"))).splitlines()


def _look(data: bytes, report: Report, release: Release, form: Format, redactor: Redactor) -> None:
    """The last look at the finished file. Raises as :func:`write_report`."""
    scan.refuse_edited(release, redactor)
    laid_out = file_texts(data, form)
    known, names = scan.ours(release, report), scan.names_of(release)
    if form == "html":
        moving = scan.moving_texts(data.decode("utf-8"), release) if MOVES in data else []
        scan.refuse_findings([*laid_out, *moving], redactor, known, names)
        return
    texts = scan.document_texts(report)
    scan.refuse_findings(texts, redactor, known, names)
    scan.refuse_laid_out(laid_out, texts, redactor, known)
