"""Does a value fit a JSON Schema, and what of a schema may be sent to an endpoint with structured outputs.

The few keywords that prompts here use: type, enum, const, anyOf, properties, required, additionalProperties, items,
and bounds of numbers, texts and arrays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_UNSUPPORTED = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems",
    "maxItems", "uniqueItems", "pattern",
)  # fmt: skip
"""Bounds that structured outputs do not take; :func:`faults` holds a value to them all the same."""
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (Mapping,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
MOST_FAULTS = 8


def faults(value: Any, schema: Mapping[str, Any], path: str = "") -> list[str]:
    """What does not fit, one line each with the path and what is wanted; empty where all fits.

    The lines quote the schema and never the value.
    """
    where = f"`{path}`" if path else "the answer"
    if "anyOf" in schema:
        if any(not faults(value, option, path) for option in schema["anyOf"]):
            return []
        return [f"{where} fits none of: {'; '.join(_wanted(option) for option in schema['anyOf'])}"]
    if not _fits(value, schema):
        return [f"{where} must be {_wanted(schema)}"]
    found: list[str] = []
    if isinstance(value, Mapping):
        properties: Mapping[str, Any] = schema.get("properties", {})
        found += [f"`{path}{name}` is missing" for name in schema.get("required", ()) if name not in value]
        if schema.get("additionalProperties") is False and any(name not in properties for name in value):
            found.append(f"{where} may only have the keys {', '.join(properties)}")
        for name, inner in properties.items():
            if name in value:
                found += faults(value[name], inner, f"{path}{name}")
    elif isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            found.append(f"{where} needs at least {schema['minItems']} items")
        if len(value) > schema.get("maxItems", len(value)):
            found.append(f"{where} may have at most {schema['maxItems']} items")
        for place, item in enumerate(value):
            found += faults(item, schema.get("items", {}), f"{path}[{place}]")
    return found[:MOST_FAULTS]


def sendable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A copy without the keywords that structured outputs refuse."""

    def stripped(part: Any, *, names: bool = False) -> Any:
        if isinstance(part, Mapping):
            kept = {k: v for k, v in part.items() if names or k not in _UNSUPPORTED}
            return {k: stripped(v, names=k == "properties" and not names) for k, v in kept.items()}
        return [stripped(item) for item in part] if isinstance(part, (list, tuple)) else part

    copied: dict[str, Any] = stripped(schema)
    return copied


def object_in(text: str) -> Any:
    """The JSON object in a reply, bare or in a code fence or between words; None where there is none.

    Nothing is repaired: text that is nearly JSON is none.
    """
    for candidate in (text, *re.findall(r"```(?:json)?\s*\n(.*?)```", text, re.DOTALL), _outermost(text)):
        try:
            value = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return value
    return None


def _outermost(text: str) -> str:
    return text[text.find("{") : text.rfind("}") + 1]


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    wanted = schema.get("type")
    names: Sequence[str] = [wanted] if isinstance(wanted, str) else wanted or ()
    if names and not any(_is(value, name) for name in names):
        return False
    if "enum" in schema and not any(value == option and type(value) is type(option) for option in schema["enum"]):
        return False
    if "const" in schema and value != schema["const"]:
        return False
    if isinstance(value, str):
        return bool(schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
    return True


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool) and name != "boolean":
        return False
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return any(isinstance(value, kind) for kind in _TYPES[name])


def _wanted(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        listed = ", ".join(json.dumps(option, ensure_ascii=False) for option in schema["enum"])
        return f"one of {listed}" if len(listed) < 2_000 else "one of the values offered"
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    bounds = [
        f"{word} {schema[key]:g}"
        for key, word in (("minimum", "at least"), ("maximum", "at most"), ("minLength", "at least"),
                          ("maxLength", "at most"))
        if key in schema
    ]  # fmt: skip
    wanted = schema.get("type", "any value")
    kind = wanted if isinstance(wanted, str) else " or ".join(wanted)
    unit = " characters" if "maxLength" in schema or "minLength" in schema else ""
    return f"{kind} ({', '.join(bounds)}{unit})" if bounds else kind
