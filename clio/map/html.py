"""The map as one file that asks no host for anything.

Its policy (Content-Security-Policy) forbids everything but its own script, named by hash, and inline style. Without
single points that is all. With them, `script-src` also has 'unsafe-eval': regl, which draws them, compiles its drawing
commands with ``Function(...)`` and cannot do without.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clio.errors import ClioError
from clio.map.bundle import script
from clio.map.payload import Scene, Size, payload
from clio.map.text import clean
from clio.text import escape

if TYPE_CHECKING:
    import pandas as pd

    from clio.map.colours import Colours
    from clio.map.points import Points

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Clio Toolkit">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<header><h1 dir="auto">{title}</h1>{caption}</header>
<div id="clio-map"></div>
<noscript><p>This map is drawn by a script within this file, and scripts are switched off.</p></noscript>
</main>
<script type="application/vnd.clio-map" id="clio-map-data">{data}</script>
<script type="module">{script}</script>
</body>
</html>
"""
_STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #252a33; }
@media (prefers-color-scheme: dark) { :root { --paper: #12161c; --ink: #e4e7ec; } }
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body { background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { display: flex; flex-direction: column; min-height: 100%; padding: 14px 16px 16px; gap: 10px; }
h1 { font-size: 19px; font-weight: 650; margin: 0; overflow-wrap: anywhere; }
header p { margin: 2px 0 0; opacity: .75; overflow-wrap: anywhere; }
#clio-map { flex: 1; position: relative; min-height: LEAST; }
#clio-map > .clio-map:not(.clio-narrow) { position: absolute; inset: 0; }
"""


def html_page(
    clusters: pd.DataFrame,
    density: pd.DataFrame | None = None,
    *,
    colours: Colours | None = None,
    size: Size = "conversations",
    selected: str | None = None,
    highlighted: Sequence[str] | None = None,
    title: str = "Map of clusters",
    caption: str = "",
    points: Points | None = None,
    height: int | None = None,
) -> str:
    """The page as text. ``height`` in pixels; None fills the window. Title and caption are text, not markup."""
    scene = Scene(
        clusters, density, colours, size, selected, highlighted, points=points, title=clean(title, 200), height=height
    )
    data = base64.b64encode(payload(scene)).decode("ascii")
    code = "\n" + script() + "\n"
    if re.search(r"</script|<!--", code, re.IGNORECASE):
        raise ClioError("The map's script holds a sequence that ends a script element. Build it again: make map")
    shown = f'<p dir="auto">{escape.html(clean(caption, 1000))}</p>' if caption else ""
    return _PAGE.format(
        policy=policy(code, has_points=points is not None and len(points) > 0),
        title=escape.html(clean(title, 200)),
        caption=shown,
        style=_STYLE.replace("LEAST", f"{height}px" if height else "420px"),
        data=data,
        script=code,
    )


def policy(code: str, *, has_points: bool) -> str:
    """The Content-Security-Policy of a page with this inline script."""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode("ascii")
    evaluates = " 'unsafe-eval'" if has_points else ""
    parts = [
        "default-src 'none'",
        f"script-src 'sha256-{digest}'{evaluates}",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return "; ".join(parts)


def write_html(
    path: str | Path,
    clusters: pd.DataFrame,
    density: pd.DataFrame | None = None,
    *,
    colours: Colours | None = None,
    size: Size = "conversations",
    selected: str | None = None,
    highlighted: Sequence[str] | None = None,
    title: str = "Map of clusters",
    caption: str = "",
    points: Points | None = None,
    height: int | None = None,
) -> Path:
    """Writes :func:`html_page` to ``path`` and returns it."""
    page = html_page(
        clusters,
        density,
        colours=colours,
        size=size,
        selected=selected,
        highlighted=highlighted,
        title=title,
        caption=caption,
        points=points,
        height=height,
    )
    written = Path(path)
    written.write_text(page, encoding="utf-8")
    return written
