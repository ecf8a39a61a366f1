"""Values that fit a JSON Schema: the keywords of :mod:`clio.models.schema`, and ``oneOf`` and local ``$ref``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from clio.models.schema import faults
from clio.testing import _text
from clio.testing._text import Draw, Material

Schema = Mapping[str, Any]
_NA = "n/a"
_DEEP = 6
"""Levels below which nothing optional is written, so that schemas that refer to themselves come to an end."""
_SPREAD = 100
_PLAIN_ENUM = {"type", "enum", "description"}


class Filler:
    """Writes values about one request's material. The value at a path depends on the path, not on what is beside it."""

    def __init__(self, material: Material, root: Schema) -> None:
        self._material, self._root = material, root

    def value(self, schema: Schema, name: str, draw: Draw, depth: int = 0) -> Any:
        """A value that fits ``schema``, which stands at a property called ``name``."""
        schema = self._resolved(schema)
        if options := schema.get("anyOf") or schema.get("oneOf"):
            return self.value(self._option(options, draw, depth), name, draw, depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return draw.pick(_told(_options(schema), draw))
        match _kind(schema, draw):
            case "object":
                return self._object(schema, draw, depth)
            case "array":
                return self._array(schema, name, draw, depth)
            case "integer":
                return _integer(schema, self._bounds(schema, name), draw)
            case "number":
                return _number(schema, self._bounds(schema, name), draw)
            case "boolean":
                return draw.below(2) == 1
            case "null":
                return None
            case _:
                return _sized(self._text(name, draw), schema, draw)

    def _resolved(self, schema: Schema) -> Schema:
        for _ in range(_DEEP):
            reference = schema.get("$ref")
            if not isinstance(reference, str) or not reference.startswith("#"):
                break
            target: Any = self._root
            for part in reference[1:].strip("/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")] if part else target
            schema = target
        return schema

    def _option(self, options: list[Schema], draw: Draw, depth: int) -> Schema:
        if depth > _DEEP:
            simple = [one for one in options if _kind(self._resolved(one), draw) not in ("object", "array")]
            return draw.pick(simple or options)
        return draw.pick(options) if draw.below(8) == 0 else options[0]

    def _object(self, schema: Schema, draw: Draw, depth: int) -> dict[str, Any]:
        properties: Mapping[str, Schema] = schema.get("properties", {})
        required = list(schema.get("required", ()))
        made: dict[str, Any] = {}
        for name in [*properties, *(name for name in required if name not in properties)]:
            if name in required or (depth <= _DEEP and draw.at(f"{name}?").below(4) > 0):
                made[name] = self.value(properties.get(name, {}), name, draw.at(name), depth + 1)
        return made

    def _array(self, schema: Schema, name: str, draw: Draw, depth: int) -> list[Any]:
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        items = self._resolved(schema.get("items", {}))
        if items.get("type") == "string" and name == "names" and "enum" not in items and "const" not in items:
            return [_sized(text, items, draw) for text in _text.titles(self._material, draw, least, most)]
        count = max(least, min(1 + draw.below(3) if depth <= _DEEP else 0, 3 if most is None else most))
        if "enum" in items:
            fitting = _told(_options(items), draw, alone=False)
            distinct = draw.some(fitting, count)
            return [*distinct, *(draw.pick(fitting) for _ in range(least - len(distinct)))]
        return [self.value(items, name, draw.at(f"{place}"), depth + 1) for place in range(count)]

    def _text(self, name: str, draw: Draw) -> str:
        material = self._material
        if offered := material.lines(name):
            return draw.pick(offered)
        match name:
            case "name":
                return _text.title(material.terms, draw)
            case "summary":
                return _text.summary(material.terms, draw)
            case "reasoning":
                return _text.reasoning(material.words, draw)
            case _:
                return _text.phrase(material.words, draw)

    def _bounds(self, schema: Schema, name: str) -> tuple[float, float]:
        """Of a number: the schema's, else what the system prompt says in words (structured outputs take no bounds)."""
        low, high = schema.get("minimum"), schema.get("maximum")
        if low is None and high is None and name:
            said = re.search(rf"`{re.escape(name)}`: [^`]*?\nA number \(([^)]*)\)", self._material.system)
            told = dict(re.findall(r"at (least|most) (-?[\d.e+]+)", said.group(1)) if said else ())
            low = float(told["least"]) if "least" in told else None
            high = float(told["most"]) if "most" in told else None
        if low is None:
            return (0, _SPREAD) if high is None else (high - _SPREAD, high)
        return low, low + _SPREAD if high is None else high


def _kind(schema: Schema, draw: Draw) -> str:
    given = schema.get("type")
    if isinstance(given, str):
        return given
    if given:
        return str(draw.pick(given) if draw.below(8) == 0 else given[0])
    if "properties" in schema or "required" in schema:
        return "object"
    if "items" in schema or "minItems" in schema:
        return "array"
    return "number" if "minimum" in schema or "maximum" in schema else "string"


def _options(schema: Schema) -> list[Any]:
    """Of an enum: those that the other keywords allow."""
    options: list[Any] = schema["enum"]
    if schema.keys() <= _PLAIN_ENUM and all(isinstance(option, str) for option in options):
        return options
    return [option for option in options if not faults(option, schema)] or options


def _told(options: list[Any], draw: Draw, *, alone: bool = True) -> list[Any]:
    """The options without "n/a", which is an answer now and then, and only by itself."""
    telling = [option for option in options if option != _NA]
    return options if not telling or (alone and draw.below(16) == 0) else telling


def _integer(schema: Schema, bounds: tuple[float, float], draw: Draw) -> int:
    low, high = math.ceil(bounds[0]), math.floor(bounds[1])
    if high < low:  # an open side of very large bounds, where one more is the same float
        return low if "minimum" in schema else high
    return low + draw.below(high - low + 1)


def _number(schema: Schema, bounds: tuple[float, float], draw: Draw) -> float:
    low, high = bounds
    if all(isinstance(bound, int) for bound in bounds) and draw.below(2):
        return _integer(schema, bounds, draw)
    share = draw.below(1001) / 1000
    # Each end weighed by itself: the distance between them may be more than a float can hold.
    found = round(low * (1 - share) + high * share, 3)
    return min(max(found, low), high)


def _sized(text: str, schema: Schema, draw: Draw) -> str:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    while len(text) < least:
        text += f" and {_text.phrase((), draw)}"
    if most is None or len(text) <= most:
        return text
    cut = text[:most]
    return cut if cut == cut.strip() else cut.strip().ljust(max(least, 1 if most else 0), "s")
