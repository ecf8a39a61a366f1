"""Whether a report that somebody received is the one that a release gives."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clio.config.report import ReportConfig, load_report_config
from clio.errors import ClioError, ConfigError, RunError
from clio.report.write import FORMATS, MOVES, file_texts, written

if TYPE_CHECKING:
    from clio.report.write import Format

_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out about a file."""

    same_release: bool
    """It prints the digest of this release."""
    same_hash: bool
    """It prints the hash that a report of this release and config has, made by this version."""
    changed: int
    """Words that it has and a report made now has not, or the other way round."""
    exact: bool
    """It is that report byte for byte."""

    @property
    def holds(self) -> bool:
        """It says what the release gives, word for word."""
        return self.same_release and self.same_hash and not self.changed

    def told(self) -> str:
        """For a person."""
        if not self.same_release:
            return "prints the digest of no such release: it was made of another one, or is no report"
        if not self.same_hash:
            return (
                "is of this release, but prints another hash than a report of it has now: made with another config, "
                "language, detail, edits or version, or changed"
            )
        if self.changed:
            return f"prints the right hash, but {self.changed:,} words are not those of the report: it was changed"
        if not self.exact:
            return (
                "says word for word what this release gives; its bytes are others: made with other versions of "
                "packages, or changed in what is no text (figures, scripts)"
            )
        return "is the report that this release gives, byte for byte"


def verify_report(
    run: str | Path, path: str | Path, config: ReportConfig | Mapping[str, Any] | str | Path | None = None
) -> Verdict:
    """Make the report anew, with the config that it was made with, and compare hash and words with those of the file.

    Where fonts differ from those of the machine that made a PDF, lines and pages fall otherwise, and some words differ.

    Raises:
        RunError: the file is not there or cannot be read, or nothing was released.
        ConfigError: the config is wrong, or the file is of no format of reports.
        MissingExtraError: the extra ``report`` is not installed.
    """
    from clio.explore.release import load
    from clio.report.content import compose
    from clio.runs.read import open_run

    source = Path(path)
    form = next((form for form in FORMATS if source.suffix.lower() == f".{form}"), None)
    if form is None:
        raise ConfigError(f"{source}: is of no format of reports; there are {', '.join(FORMATS)}")
    try:
        data = source.read_bytes()
    except OSError as fault:
        raise RunError(f"{source}: cannot be read ({fault.strerror}).") from None
    settings = load_report_config(config)
    release = load(open_run(run).folder)
    report = compose(release, settings)
    found = _texts(source, form, data)
    printed = set(_HASH.findall("\n".join(found)))
    same = {value for _, value in report.document.facts[-1:]} <= printed
    changed, exact = 0, False
    if same:
        anew = written(report, release, settings, form, interactive=form == "html" and MOVES in data)
        exact = anew == data
        changed = 0 if exact else _differ(found, file_texts(anew, form))
    return Verdict(str(release.about.get("digest")) in printed, same, changed, exact)


def _texts(source: Path, form: Format, data: bytes) -> list[str]:
    """What the file reads like. Readers raise what they like over a file that is no such file."""
    try:
        return file_texts(data, form)
    except ClioError:
        raise
    except Exception as fault:  # noqa: BLE001
        raise RunError(f"{source}: cannot be read as {form} ({type(fault).__name__}).") from None


def _differ(one: list[str], other: list[str]) -> int:
    """Words in one and not in the other, counted."""
    left, right = (Counter(_WORD.findall(" ".join(texts))) for texts in (one, other))
    return sum(((left - right) + (right - left)).values())
