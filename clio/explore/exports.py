"""Files to take away. All are made of released tables only."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from clio.errors import ClioError
from clio.explore.colours import colours
from clio.explore.safe import plain
from clio.privacy.wall import clean_text

if TYPE_CHECKING:
    import pandas as pd

    from clio.explore.release import Release
    from clio.explore.slices import Answer

_FILE = re.compile(r"[^A-Za-z0-9]+")
_SINCE = (1980, 1, 1, 0, 0, 0)
"""The date of every file in an archive: the same release gives the same bytes."""
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
REPORTS = {"html": "text/html", "pdf": "application/pdf", "docx": _WORD, "md": "text/markdown"}
"""Formats of a report, with what they are served as."""


def file_stem(release: Release, what: str) -> str:
    """Of letters, digits and dashes: titles come from outside."""
    return f"{_FILE.sub('-', plain(release.title, 60)).strip('-').lower() or 'release'}-{what}"


def file_name(release: Release, what: str, suffix: str) -> str:
    """:func:`file_stem` with its suffix."""
    return f"{file_stem(release, what)}.{suffix}"


def atlas_parquet(release: Release) -> bytes:
    """A table that embedding-atlas opens: one row a cluster, with x, y and text.

    embedding-atlas FILE --x x --y y --text text --disable-projection
    """
    frame = release.clusters[release.clusters["x"].notna() & release.clusters["y"].notna()]
    texts = [clean_text(f"{name}. {said}") for name, said in zip(frame["name"], frame["summary"], strict=True)]
    table = frame.assign(
        text=texts,
        parent=[release.rows.get(str(p), {}).get("name", "") for p in frame["parent_id"]],
        terms=["; ".join(map(str, terms)) for terms in frame["terms"]],
    )
    return _parquet(table.drop(columns=["parent_id", "merged"]))


def atlas_labels(release: Release) -> bytes:
    """The labels table for ``embedding-atlas --labels``: x, y, text, level (0 the coarsest) and priority."""
    import pandas as pd

    frame = release.clusters[release.clusters["x"].notna() & release.clusters["y"].notna()]
    table = pd.DataFrame(
        {
            "x": frame["x"],
            "y": frame["y"],
            "text": [plain(name, 80) for name in frame["name"]],
            "level": release.top - frame["level"],
            "priority": frame["conversations"],
        }
    )
    return _parquet(table)


def _parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def map_html(
    release: Release, colour: str = "area", size: str = "conversations", filtered: Answer | None = None
) -> bytes:
    """The map as one file that opens from disk and asks no host for anything; coloured as with these filters."""
    from clio.map.html import html_page

    page = html_page(
        release.clusters,
        release.squares,
        colours=colours(release, colour, filtered),
        size="accounts" if size == "accounts" else "conversations",
        title=release.title,
        caption=f"{release.about.get('conversations', 0):,} conversations of {release.about.get('accounts', 0):,} "
        f"accounts. {release.why_hidden()}",
    )
    return page.encode()


def report(
    release: Release,
    form: Literal["html", "pdf", "docx", "md"],
    *,
    language: Literal["en", "de"] = "en",
    detail: Literal["brief", "standard", "full"] = "standard",
    interactive: bool = False,
) -> bytes:
    """The report of the release, as ``clio report`` writes it.

    Raises:
        ClioError: as :func:`clio.report.write.write_report`; no message names the folder it is made in.
    """
    from clio.config.report import load_report_config
    from clio.report.write import write_report

    config = load_report_config(None, language=language, detail=detail)

    def make(to: Path) -> bytes:
        path = to / f"report.{form}"
        return write_report(release.folder, path, format=form, config=config, interactive=interactive).read_bytes()

    return _aside(make)


def tables_zip(release: Release, form: str) -> bytes:
    """The folder that ``clio export`` writes, as one archive.

    Raises:
        ClioError: as :func:`clio.exports.export`; no message names the folder it is made in.
    """
    from clio.exports import export

    def make(to: Path) -> bytes:
        folder = export(release.folder, to / "tables", format=form)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _SINCE)
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
        return buffer.getvalue()

    return _aside(make)


def _aside(make: Callable[[Path], bytes]) -> bytes:
    """What ``make`` reads back of a folder that is gone afterwards."""
    with TemporaryDirectory(prefix="clio-") as to:
        try:
            return make(Path(to))
        except ClioError as error:
            error.args = tuple(str(part).replace(f"{to}/", "") for part in error.args)
            raise
