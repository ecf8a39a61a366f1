"""One drawing for both themes, made fit to stand within a page: nothing that acts, no ids that could meet others'.

Two drawings of one figure differ in their colours alone. They become one, whose colours are variables of the page's
style sheet; where they differ in more, both are kept and the style sheet shows one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree import ElementTree as Tree

from clio.errors import ClioError

_SPACE = "{http://www.w3.org/2000/svg}"
_ELEMENTS = frozenset(
    ("svg", "g", "path", "rect", "line", "circle", "ellipse", "polygon", "polyline", "text", "tspan", "defs",
     "clipPath", "linearGradient", "radialGradient", "stop")
)  # fmt: skip
_ATTRIBUTES = frozenset(
    ("id", "d", "x", "y", "x1", "x2", "y1", "y2", "dx", "dy", "cx", "cy", "r", "rx", "ry", "width", "height", "points",
     "transform", "viewBox", "fill", "stroke", "fill-opacity", "stroke-opacity", "opacity", "stroke-width",
     "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "clip-path",
     "clip-rule", "fill-rule", "text-anchor", "dominant-baseline", "font-size", "font-weight", "font-style", "offset",
     "stop-color", "stop-opacity", "gradientUnits", "gradientTransform", "display")
)  # fmt: skip
_PAINT = ("fill", "stroke", "stop-color")
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-z]+|rgba?\([\d.,% ]+\)|hsla?\([\d.,% ]+\)")
_REFERENCE = re.compile(r"url\(#([\w.-]+)\)")
_NOWHERE = ("", "M0,0h0v0h0Z")


@dataclass
class Palette:
    """Colours of all figures of a page: a variable for each pair of a light and a dark one."""

    names: dict[tuple[str, str], str] = field(default_factory=dict)

    def variable(self, light: str, dark: str) -> str:
        """The colour in both themes, for an attribute."""
        if light == dark:
            return light
        return f"var(--f{self.names.setdefault((light, dark), str(len(self.names)))})"

    def rules(self, dark: bool) -> str:
        """Declarations of the variables in one theme."""
        return "".join(f"--f{name}:{pair[dark]};" for pair, name in self.names.items())


def merged(light: str, dark: str, prefix: str, palette: Palette, label: str) -> list[tuple[str, str]]:
    """Drawings to put into a page, each with the theme that it is for: ``both``, or ``light`` and ``dark``.

    Args:
        light: SVG for a light page.
        dark: the same for a dark one; may be empty.
        prefix: letters, digits and dashes; goes before every id.
        palette: takes the colours in.
        label: what is seen, in words.
    """
    drawings = [_parsed(svg) for svg in (light, dark) if svg]
    cleaned = [_clean(root, f"{prefix}-{place}") for place, root in enumerate(drawings)]
    if len(cleaned) == 2 and _shape(cleaned[0]) == _shape(cleaned[1]):
        for one, other in zip(cleaned[0].iter(), cleaned[1].iter(), strict=True):
            for name in _PAINT:
                if name in one.attrib:
                    one.set(name, palette.variable(one.get(name, ""), other.get(name, "")))
        return [("both", _told(cleaned[0], label))]
    themes = ("light", "dark") if len(cleaned) == 2 else ("both",)
    return [(theme, _told(root, label)) for theme, root in zip(themes, cleaned, strict=True)]


def _parsed(svg: str) -> Tree.Element:
    try:
        return Tree.fromstring(svg)  # noqa: S314 - drawn in this process by our own renderer
    except Tree.ParseError:
        raise ClioError("A figure could not be drawn for the page. This is a defect: please report it.") from None


def _clean(element: Tree.Element, prefix: str) -> Tree.Element:
    """A copy with the elements and attributes that draw, and no others."""
    made = Tree.Element(str(element.tag).removeprefix(_SPACE))
    for name, value in element.attrib.items():
        if name not in _ATTRIBUTES or (name == "opacity" and value == "1"):
            continue
        if name == "id":
            value = f"{prefix}-{value}"
        elif "url(" in value:
            found = _REFERENCE.fullmatch(value)
            if found is None:
                continue
            value = f"url(#{prefix}-{found[1]})"
        elif name in _PAINT and not _COLOUR.fullmatch(value):
            continue
        made.set(name, value)
    made.text, made.tail = element.text, element.tail
    for child in element:
        tag = str(child.tag)
        if tag.removeprefix(_SPACE) not in _ELEMENTS:
            continue
        if tag == f"{_SPACE}path" and child.get("d", "") in _NOWHERE:
            continue
        made.append(_clean(child, prefix))
    return made


def _shape(root: Tree.Element) -> list[object]:
    """Everything but the colours and the prefix of ids."""
    found: list[object] = []
    for element in root.iter():
        kept = {k: v for k, v in element.attrib.items() if k not in (*_PAINT, "id", "clip-path")}
        painted = [name for name in _PAINT if name in element.attrib and "url(" not in element.attrib[name]]
        found.append((element.tag, sorted(kept.items()), painted, element.text))
    return found


def _told(root: Tree.Element, label: str) -> str:
    """As text; a picture with a label to those who do not see it."""
    for name in ("width", "height"):
        size = root.attrib.pop(name, "")
        if name == "width" and re.fullmatch(r"[\d.]+", size):
            root.set("style", f"width:{size}px")
    root.set("role", "img")
    root.set("aria-label", label)
    return Tree.tostring(root, encoding="unicode")
