"""What the map's script is sent: one run of bytes, made here and read by ``src/payload.js``.

    u32 length of the header | header, JSON | arrays, each padded to four bytes

The header names the arrays in order as [name, type, count], types being f4, u1, u2 and u4, little-endian. Text goes as
JSON strings and is put on the page as text; nothing of it is ever markup. ``digest`` covers the data without colours
and selection: where it is unchanged, the script keeps what it has drawn from.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from clio.errors import TableError
from clio.map.colours import Colours, number, parents_of
from clio.map.event import View
from clio.map.points import Points

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

VERSION = 1
Size = Literal["conversations", "accounts"]
NEEDED = ("cluster_id", "level", "name", "conversations", "accounts", "x", "y")
# Far beyond what is shown; keeps a name of megabytes from travelling.
NAME, SUMMARY = 400, 700
KNOWN, UNKNOWN, SUPPRESSED = 0, 1, 2
NO_CLUSTER = 0xFFFFFFFF
_CODES = {"<f4": "f4", "|u1": "u1", "<u2": "u2", "<u4": "u4"}
_TYPES = {code: kind for kind, code in _CODES.items()}


@dataclass(frozen=True)
class Scene:
    """All that is drawn. ``highlighted``: None for no highlight; an empty one dims everything. ``address``: parameter
    of a page's address that the script keeps the view in; none where it is empty.
    """

    clusters: pd.DataFrame
    density: pd.DataFrame | None = None
    colours: Colours | None = None
    size: Size = "conversations"
    selected: str | None = None
    highlighted: Sequence[str] | None = None
    points: Points | None = None
    view: View | None = None
    title: str = "Map of clusters"
    height: int | None = None
    address: str = ""


def pack(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Header and arrays (float32, uint8, uint16 or uint32) as one run of bytes."""
    listed = [[name, _CODES[values.dtype.newbyteorder("<").str], len(values)] for name, values in arrays.items()]
    text = json.dumps({**header, "arrays": listed}, allow_nan=False, separators=(",", ":")).encode()
    parts = [struct.pack("<I", len(text)), text, b"\0" * (-(4 + len(text)) % 4)]
    for values in arrays.values():
        raw = values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
        parts += [raw, b"\0" * (-len(raw) % 4)]
    return b"".join(parts)


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What :func:`pack` was given.

    Raises:
        TableError: the bytes are cut off.
    """
    if len(data) < 4 or len(data) < 4 + struct.unpack_from("<I", data)[0]:
        raise TableError("The map's data is cut off.")
    length = struct.unpack_from("<I", data)[0]
    header = json.loads(data[4 : 4 + length])
    offset = 4 + length + (-(4 + length) % 4)
    arrays = {}
    for name, code, count in header.pop("arrays"):
        kind = np.dtype(_TYPES[code])
        if offset + count * kind.itemsize > len(data):
            raise TableError("The map's data is cut off.")
        arrays[name] = np.frombuffer(data, kind, count, offset).copy()
        offset += count * kind.itemsize + (-(count * kind.itemsize) % 4)
    return header, arrays


def payload(scene: Scene, *, wish: int = 0) -> bytes:
    """The bytes of a scene. ``wish`` counts what the page asked to be selected: the script obeys a new one only.

    Raises:
        TableError: the frame of clusters or of the density lacks a column.
    """
    _require(scene.clusters, NEEDED, "clusters")
    header, arrays = _data(scene)
    still = json.dumps([header, VERSION], allow_nan=False, separators=(",", ":")).encode()
    digest = hashlib.sha256(still)
    for name, values in arrays.items():
        digest.update(name.encode())
        digest.update(values.tobytes())
    ids = header["clusters"]["id"]
    colours, dress = _colours(scene, ids)
    if scene.highlighted is not None:
        wanted = set(scene.highlighted)
        dress["highlight"] = np.fromiter((i in wanted for i in ids), np.uint8, len(ids))
    state = {
        "version": VERSION,
        "digest": digest.hexdigest()[:24],
        "title": scene.title[:NAME],
        "height": scene.height,
        "address": scene.address,
        "size": scene.size,
        "colours": colours,
        "selected": scene.selected,
        "wish": wish,
        "view": None if scene.view is None else {"x": scene.view.x, "y": scene.view.y, "scale": scene.view.scale},
    }
    return pack({**header, **state}, {**arrays, **dress})


def _require(frame: pd.DataFrame, columns: Sequence[str], name: str) -> None:
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise TableError(f"The map's table `{name}` lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}.")


def _data(scene: Scene) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    frame = scene.clusters
    ids = [str(i) for i in frame["cluster_id"]]
    rows = {cluster: row for row, cluster in enumerate(ids)}
    parents = parents_of(frame)
    columns = {
        "id": ids,
        "level": [int(level) for level in frame["level"]],
        "parent": [rows[parents[i]] if i in parents else -1 for i in ids],
        "name": _texts(frame["name"], NAME),
        "summary": _texts(frame["summary"], SUMMARY) if "summary" in frame.columns else None,
        "conversations": _counts(frame["conversations"]),
        "accounts": _counts(frame["accounts"]),
        "share": [number(v) for v in frame["share"]] if "share" in frame.columns else None,
    }
    arrays: dict[str, NDArray[Any]] = {
        "x": frame["x"].to_numpy(np.float32, na_value=np.nan),
        "y": frame["y"].to_numpy(np.float32, na_value=np.nan),
    }
    arrays |= _density(scene.density)
    header: dict[str, Any] = {"clusters": columns, "extent": _extent(arrays, scene.points)}
    if scene.points is not None and len(scene.points):
        header["point_extent"], placed = _points(scene.points, rows)
        arrays |= placed
    return header, arrays


def _texts(column: pd.Series[Any], limit: int) -> list[str]:
    return [value[:limit] if isinstance(value, str) else "" for value in column]


def _counts(column: pd.Series[Any]) -> list[int]:
    return [int(number(value) or 0) for value in column]


def _density(density: pd.DataFrame | None) -> dict[str, NDArray[Any]]:
    if density is None or density.empty:
        return {}
    columns = {"x": "density_x", "y": "density_y", "size": "density_size", "conversations": "density_n"}
    _require(density, tuple(columns), "density")
    arrays = {name: density[column].to_numpy(np.float32, na_value=np.nan) for column, name in columns.items()}
    sound = np.all([np.isfinite(values) for values in arrays.values()], axis=0)
    sound &= (arrays["density_size"] > 0) & (arrays["density_n"] > 0)
    return {name: values[sound] for name, values in arrays.items()}


def _extent(arrays: Mapping[str, NDArray[Any]], points: Points | None) -> list[float]:
    """The rectangle that the map shows at first: all clusters, the middles of all squares, nearly all points."""
    xs, ys = [arrays["x"]], [arrays["y"]]
    if "density_x" in arrays:
        half = arrays["density_size"] / 2
        xs.append(arrays["density_x"] + half)
        ys.append(arrays["density_y"] + half)
    if points is not None and len(points):
        xs.append(np.quantile(points.x[np.isfinite(points.x)], [0.001, 0.999]))
        ys.append(np.quantile(points.y[np.isfinite(points.y)], [0.001, 0.999]))
    ends = []
    for values in (np.concatenate(xs), np.concatenate(ys)):
        known = values[np.isfinite(values)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        room = 0.5 if high - low <= 1e-6 * max(1.0, abs(low)) else 0.0
        ends.append((low - room, high + room))
    (left, right), (bottom, top) = ends
    return [left, bottom, right, top]


def _points(points: Points, rows: Mapping[str, int]) -> tuple[list[float], dict[str, NDArray[Any]]]:
    """Positions in 65,536 steps of their extent, and rows of their clusters. A point with no position lies at the edge
    of nowhere: it is put on the first step and, as no cluster's, stays grey.
    """
    sound = np.isfinite(points.x) & np.isfinite(points.y)
    extent = []
    steps = []
    for values in (points.x, points.y):
        known = values[sound]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        high = high if high > low else low + 1.0
        extent.append((low, high))
        scaled = np.where(sound, (np.where(sound, values, low).astype(np.float64) - low) / (high - low) * 65535.0, 0.0)
        steps.append(np.clip(np.rint(scaled), 0, 65535).astype(np.uint16))
    codes = np.array([*(rows.get(name, NO_CLUSTER) for name in points.names), NO_CLUSTER], dtype=np.uint32)
    cluster = codes[points.codes]
    if len(rows) < 0xFFFF:
        cluster = np.minimum(cluster, 0xFFFF).astype(np.uint16)
    (left, right), (bottom, top) = extent
    return [left, bottom, right, top], {"point_x": steps[0], "point_y": steps[1], "point_cluster": cluster}


def _colours(scene: Scene, ids: list[str]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    colours = scene.colours or Colours.by_area(scene.clusters)
    status = np.full(len(ids), UNKNOWN, np.uint8)
    values = np.zeros(len(ids), np.float32)
    about: dict[str, Any] = {"title": colours.title[:NAME], "kind": colours.kind, "note": colours.note[:NAME]}
    if colours.kind == "category":
        sizes = scene.clusters[scene.size]
        labels, other = colours.labels({i: float(number(n) or 0) for i, n in zip(ids, sizes, strict=True)})
        places = {label: place for place, label in enumerate(labels)}
        about |= {"labels": [label[:NAME] for label in labels], "other": other}
    else:
        about |= {"domain": list(colours.ends()), "middle": colours.middle, "style": colours.style}
    for row, cluster in enumerate(ids):
        value = colours.values.get(cluster)
        if cluster in colours.suppressed:
            status[row] = SUPPRESSED
        elif colours.kind == "category" and isinstance(value, (str, int)):
            status[row], values[row] = KNOWN, places.get(str(value), other)
        elif colours.kind != "category" and (known := number(value)) is not None:
            status[row], values[row] = KNOWN, known
    return about, {"colour_status": status, "colour_value": values}
