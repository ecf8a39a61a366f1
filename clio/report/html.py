"""A report as one HTML file that asks no host for anything: by default without any script at all.

The policy of the page (Content-Security-Policy) forbids everything but inline style and, with ``interactive``, the
three scripts in the file, named by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clio.errors import ClioError, ConfigError, MissingExtraError
from clio.report._pictures import NARROW, Drawing
from clio.report.document import Picture, Section
from clio.report.svg import Palette, merged

if TYPE_CHECKING:
    from clio.explore.release import Release
    from clio.report.content import Report

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
TEMPLATE, STYLE = "report.html.j2", "report.css"


def page(report: Report, *, templates: Path | None = None, moving: Release | None = None) -> bytes:
    """The file.

    Args:
        report: what to write.
        templates: a folder whose ``report.html.j2`` or ``report.css`` takes the place of the built-in one.
        moving: the release, where figures that move are wanted beside the drawn ones (plotly, the map's script).

    Raises:
        MissingExtraError: jinja2, or plotly where it is needed, is not installed.
        ConfigError: a template of that folder is not valid.
    """
    document = report.document
    palette = Palette()
    pictures = list(_pictures(document.sections))
    drawings = {block.key: _drawn(block, report.drawings.get(block.key), palette) for block in pictures}
    scripts, policy = _scripts(report, moving) if moving is not None else ("", POLICY)
    style = _text(STYLE, templates).replace("/*", " /*") + _colours(palette)
    values = {
        "document": document, "words": document.words, "drawings": drawings, "policy": policy, "style": style,
        "numbers": {block.key: place + 1 for place, block in enumerate(pictures)}, "scripts": scripts,
    }  # fmt: skip
    return _rendered(templates, values).encode("utf-8", "replace")


def _pictures(sections: Sequence[Section]) -> Iterator[Picture]:
    for section in sections:
        yield from (block for block in section.blocks if isinstance(block, Picture))
        yield from _pictures(section.sections)


def _drawn(block: Picture, drawing: Drawing | None, palette: Palette) -> list[tuple[str, str, str]]:
    """Drawings of a figure: for which width, for which theme, SVG."""
    pairs = {"wide": (block.light, block.dark)}
    if drawing is not None:
        slim = [drawing.static(theme, NARROW).figure for theme in ("light", "dark")]
        pairs["narrow"] = (slim[0], slim[1])
    else:
        pairs = {"any": pairs["wide"]}
    return [
        (size, theme, svg)
        for size, (light, dark) in pairs.items()
        for theme, svg in merged(light, dark, f"{block.key}-{size}", palette, block.alt)
    ]


def _colours(palette: Palette) -> str:
    dark = palette.rules(dark=True)
    return (
        f"\n:root {{ {palette.rules(dark=False)} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
    )


def _text(name: str, templates: Path | None) -> str:
    own = templates / name if templates is not None else None
    if own is not None and own.is_file():
        try:
            text = own.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise ConfigError(f"{own}: cannot be read ({fault.__class__.__name__}).") from None
    else:
        text = (files("clio.report") / "templates" / name).read_text(encoding="utf-8")
    if name == STYLE and "</" in text:
        raise ConfigError(f"{name}: a style sheet holds no `</`.")
    return text


def _rendered(templates: Path | None, values: Mapping[str, Any]) -> str:
    try:
        from jinja2 import Environment, StrictUndefined, TemplateError
    except ImportError:
        raise MissingExtraError("A report in HTML", "report") from None
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters["kind"] = lambda block: type(block).__name__
    try:
        return environment.from_string(_text(TEMPLATE, templates)).render(values) + "\n"
    except TemplateError as fault:
        line = getattr(fault, "lineno", None)
        where = f" at line {line}" if line else ""
        raise ConfigError(f"{TEMPLATE}: the template does not work ({type(fault).__name__}{where}).") from None


def _scripts(report: Report, release: Release) -> tuple[str, str]:
    """What makes figures move, and the policy that permits these scripts and no other."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise MissingExtraError("An interactive report", "app") from None
    from clio.map.bundle import script as map_script
    from clio.map.payload import Scene, payload

    plots = {
        key: {theme: json.loads(drawing.moving(theme).figure.to_json()) for theme in ("light", "dark")}
        for key, drawing in report.drawings.items()
        if drawing.moving is not None
    }
    scene = Scene(release.clusters, release.squares, title=report.document.title, height=460)
    data = base64.b64encode(payload(scene)).decode("ascii") if "map" in report.drawings else ""
    told = json.dumps(plots, separators=(",", ":")).replace("<", "\\u003c").replace("&", "\\u0026")
    glue = (files("clio.report") / "templates" / "interactive.js").read_text(encoding="utf-8")
    codes = [("", get_plotlyjs()), ("", glue)] + ([(' type="module"', map_script())] if data else [])
    parts = [f'<script type="application/json" id="report-plots">{told}</script>']
    if data:
        parts.append(f'<script type="application/vnd.clio-map" id="clio-map-data">{data}</script>')
    hashes = []
    for kind, code in codes:
        code = "\n" + code.replace("\r\n", "\n") + "\n"
        if re.search(r"</script|<!--", code, re.IGNORECASE):
            raise ClioError("A script of the report holds a sequence that ends a script element. Please report it.")
        hashes.append("'sha256-" + base64.b64encode(hashlib.sha256(code.encode()).digest()).decode("ascii") + "'")
        parts.append(f"<script{kind}>{code}</script>")
    policy = (
        f"default-src 'none'; script-src {' '.join(hashes)}; img-src data: blob:; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )
    return "\n".join(parts) + "\n", policy
