"""Files to take away. All are made of released tables only."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from clio.explore.colours import colours
from clio.explore.safe import plain
from clio.privacy.wall import clean_text

if TYPE_CHECKING:
    import pandas as pd

    from clio.explore.release import Release

_FILE = re.compile(r"[^A-Za-z0-9]+")


def file_name(release: Release, what: str, suffix: str) -> str:
    """Of letters, digits and dashes: titles come from outside."""
    stem = _FILE.sub("-", plain(release.title, 60)).strip("-").lower() or "release"
    return f"{stem}-{what}.{suffix}"


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


def map_html(release: Release, colour: str = "area", size: str = "conversations") -> bytes:
    """The map as one file that opens from disk and asks no host for anything."""
    from clio.map.html import html_page

    page = html_page(
        release.clusters,
        release.squares,
        colours=colours(release, colour),
        size="accounts" if size == "accounts" else "conversations",
        title=release.title,
        caption=f"{release.about.get('conversations', 0):,} conversations of {release.about.get('accounts', 0):,} "
        f"accounts. {release.why_hidden()}",
    )
    return page.encode()
