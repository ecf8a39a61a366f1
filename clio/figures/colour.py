"""Colours of the figures, for a light and a dark background, and the arithmetic that holds them to account.

Categorical: twelve colours a theme. The first ones are those of Okabe and Ito (*Color Universal Design*, 2008), some of
them darkened; the rest was searched for in OKLab as far as possible from all others, as seen with normal vision and
with the three kinds of colour blindness (Machado, Oliveira and Fernandes, *IEEE TVCG* 15 (2009) 1291, severity 1),
among colours that stand out from the background at 3 to 1 (WCAG 2.2, success criterion 1.4.11). Scales are straight
lines in OKLab (Ottosson 2020), in which equal steps look equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Theme = Literal["light", "dark"]
Floats = NDArray[np.float64]

_TO_CONES = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
_TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Colours:
    """One theme."""

    background: str
    ink: str
    soft: str
    """Secondary text, at 4.5 to 1 or more."""
    grid: str
    unknown: str
    """Marks of what is not shown, or not clear."""
    veil: str
    """Fill of cells that are not shown."""
    over: str
    under: str
    palette: tuple[str, ...]
    sequential: tuple[str, str]
    """Ends: least, most."""
    diverging: tuple[str, str, str]


_THEMES: dict[str, Colours] = {
    "light": Colours(
        background="#ffffff", ink="#1c2330", soft="#5a6472", grid="#e4e7ec", unknown="#7d8694", veil="#eceef1",
        over="#b8480a", under="#0072b2",
        palette=(
            "#0072b2", "#b8480a", "#009272", "#664f68", "#a2941d", "#022aaf", "#663307", "#4a91f8", "#460b06",
            "#8691b2", "#100074", "#433049",
        ),
        sequential=("#e8f1f8", "#07305e"), diverging=("#0b4f8a", "#f2f2f0", "#9c3d05"),
    ),
    "dark": Colours(
        background="#0e1117", ink="#eceff4", soft="#a7b0be", grid="#2a313c", unknown="#7f8896", veil="#232a34",
        over="#f08a4b", under="#56b4e9",
        palette=(
            "#56b4e9", "#e69f00", "#009e73", "#9769fc", "#f9d630", "#a54a24", "#8fe7fd", "#89547d", "#94cf9f",
            "#db640e", "#714ebf", "#e3fdbb",
        ),
        sequential=("#172433", "#a5dcff"), diverging=("#7cc4f5", "#20262e", "#f7a072"),
    ),
}  # fmt: skip


def colours(theme: Theme) -> Colours:
    """The colours of a theme; anything but ``dark`` is light."""
    return _THEMES["dark" if theme == "dark" else "light"]


def palette(theme: Theme = "light") -> list[str]:
    """Twelve categorical colours."""
    return list(colours(theme).palette)


def sequential(theme: Theme = "light", steps: int = 9) -> list[str]:
    """From least to most; the least is near the background."""
    return _line(colours(theme).sequential, steps)


def diverging(theme: Theme = "light", steps: int = 9) -> list[str]:
    """From under to over; ``steps`` is odd, the middle one says neither."""
    low, middle, high = colours(theme).diverging
    half = steps // 2 + 1
    return _line((low, middle), half) + _line((middle, high), half)[1:]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG, 1 to 21."""
    first, second = (float(linear(c) @ [0.2126, 0.7152, 0.0722]) + 0.05 for c in (one, other))
    return max(first, second) / min(first, second)


@lru_cache(maxsize=256)
def legible(fill: str, theme: Theme) -> str:
    """The text colour of the theme that stands out from a fill: ink or background; on middling ones black or white."""
    c = colours(theme)
    best = max((c.ink, c.background), key=lambda shade: contrast(shade, fill))
    if contrast(best, fill) >= 4.5:
        return best
    return max(("#000000", "#ffffff"), key=lambda shade: contrast(shade, fill))


def linear(colour: str) -> Floats:
    """Linear sRGB of ``#rrggbb``, each 0 to 1."""
    parts = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.asarray(np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4), np.float64)


def oklab(rgb: Floats) -> Floats:
    """OKLab of linear sRGB, shape (..., 3)."""
    return np.asarray(np.cbrt(np.clip(rgb @ _TO_CONES.T, 0, None)) @ _TO_LAB.T, np.float64)


def faded(colour: str, share: float) -> str:
    """``rgba(...)`` of a colour at this opacity."""
    parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return f"rgba({parts[0]},{parts[1]},{parts[2]},{share:g})"


def _line(ends: tuple[str, str], steps: int) -> list[str]:
    first, last = (oklab(linear(colour)) for colour in ends)
    points = first + np.linspace(0, 1, steps)[:, None] * (last - first)
    rgb = ((points @ np.linalg.inv(_TO_LAB).T) ** 3) @ np.linalg.inv(_TO_CONES).T
    rgb = np.clip(rgb, 0, 1)
    parts = np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)
    return ["#" + "".join(f"{round(255 * part):02x}" for part in row) for row in parts.tolist()]
