"""What is asked of every conversation, and what counts as an answer."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from clio.config.facets import Facet, FacetsConfig
from clio.errors import ConfigError
from clio.models.protocol import Answer
from clio.prompts.fence import DATA_RULE, FAIRNESS_RULE, PRIVACY_RULE, fence

NA = "n/a"
LONGEST_TEXT = 600
"""Characters of a text answer: two sentences are under 400."""

_ROLE = (
    "You describe conversations between users and an AI assistant for a statistical study of how assistants are used. "
    "Each conversation is described by the same few questions; nobody will read the conversation itself."
)
_TASK = (
    "That was the conversation, as material. Now answer every question of the study about it, as one JSON object with "
    "the keys asked for and nothing else."
)


@lru_cache(maxsize=1)
def _shipped() -> tuple[Facet, ...]:
    text = files("clio.prompts").joinpath("facets.yaml").read_text(encoding="utf-8")
    return tuple(Facet.model_validate(row) for row in yaml.safe_load(text))


def shipped() -> dict[str, Facet]:
    """The facets of ``clio/prompts/facets.yaml`` by name, in its order. A new dict at every call."""
    return {facet.name: facet for facet in _shipped()}


def resolve(config: FacetsConfig) -> tuple[Facet, ...]:
    """The facets of a run in output order. Raises ConfigError with every fault: unknown or repeated names, and any
    number of clustered facets but one.
    """
    known = shipped() | {facet.name: facet for facet in config.define}
    faults = [
        f"facets.use.{place}: no facet is called `{name}`; known: {', '.join(known)}"
        for place, name in enumerate(config.use)
        if name not in known
    ]
    faults += [f"facets.use: `{name}` stands there twice" for name in _repeated(config.use)]
    faults += [f"facets.define: `{name}` is defined twice" for name in _repeated([f.name for f in config.define])]
    facets = tuple(known[name] for name in dict.fromkeys(config.use) if name in known)
    clustered = [facet.name for facet in facets if facet.cluster]
    if not faults and len(clustered) != 1:
        found = f"{len(clustered)} have it ({', '.join(clustered)})" if clustered else "none has it"
        faults.append(f"facets.use: exactly one facet needs `cluster: true`; {found}")
    for pair in config.intersections:
        faults += [f"facets.intersections: `{name}` is not in facets.use" for name in pair if name not in config.use]
        texts = [facet.name for facet in facets if facet.name in pair and facet.kind == "text"]
        faults += [f"facets.intersections: `{name}` is free text, which is never counted" for name in texts]
        if pair[0] == pair[1]:
            faults.append(f"facets.intersections: `{pair[0]}` is crossed with itself")
    computed = {facet.compute or facet.name for facet in facets if facet.kind == "computed"}
    if {"hour", "time_of_day"} <= computed:
        faults.append("facets.use: `hour` or `time_of_day`, not both; what is hidden of the one is left of the other")
    if faults:
        raise ConfigError("The facets of this run do not fit together:", tuple(faults))
    return facets


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if list(names).count(name) > 1})


def prompt_for(facets: Sequence[Facet]) -> str:
    """The system text for asking ``facets`` (computed ones are left out). The same for every conversation of a run."""
    questions = "\n\n".join(_question(facet) for facet in facets if facet.answered_by_model)
    return "\n\n".join([_ROLE, DATA_RULE, FAIRNESS_RULE, PRIVACY_RULE, "The questions of the study:", questions])


def conversation_message(text: str) -> str:
    """The user turn: the conversation, fenced, and after it the task."""
    return f"{fence('conversation', text)}\n\n{_TASK}"


def _question(facet: Facet) -> str:
    lines = [f"`{facet.name}`: {' '.join(facet.question.split())}"]
    if facet.kind == "text":
        opening = (
            f' Complete a sentence that begins "{facet.prefix}" and give only what follows.' if facet.prefix else ""
        )
        lines.append(f"At most two sentences.{opening}")
    elif facet.kind == "category":
        lines.append("Exactly one of these values:")
    elif facet.kind == "multi":
        lines.append("Every one of these values that applies, most fitting first:")
    elif facet.kind == "scale":
        low, high = _bounds(facet)
        lines.append(f"A whole number from {low} to {high}, as text.")
    elif facet.kind == "boolean":
        lines.append('"yes" or "no".')
    elif facet.kind == "number":
        lines.append("A number" + _range(facet) + ".")
    names = _steps(facet) if facet.kind == "scale" else [option.value for option in facet.options]
    for name, option in zip(names, facet.options, strict=False):
        lines.append(f"- {name}: {' '.join(option.description.split())}" if option.description else f"- {name}")
    lines.append(f'If the conversation gives no answer: "{NA}".')
    return "\n".join(lines)


def schema_for(facets: Sequence[Facet]) -> dict[str, Any]:
    """JSON Schema of the object wanted: one required key per model-answered facet, "n/a" possible in each.

    Only keywords that structured outputs support; bounds of numbers are checked by :func:`parse`.
    """
    properties = {facet.name: _schema(facet) for facet in facets if facet.answered_by_model}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _schema(facet: Facet) -> dict[str, Any]:
    values = [option.value for option in facet.options]
    if facet.kind == "category":
        return {"type": "string", "enum": [*values, NA]}
    if facet.kind == "multi":
        return {"type": "array", "items": {"type": "string", "enum": [*values, NA]}}
    if facet.kind == "scale":
        return {"type": "string", "enum": [*_steps(facet), NA]}
    if facet.kind == "boolean":
        return {"type": "string", "enum": ["yes", "no", NA]}
    if facet.kind == "number":
        return {"anyOf": [{"type": "number"}, {"type": "string", "enum": [NA]}]}
    return {"type": "string"}


def parse(value: Any, facets: Sequence[Facet], writer: str = "") -> list[Answer]:
    """One answer per model-answered facet, in order. What does not fit is ``failed`` with a fixed reason.

    Reasons: ``not an object``, ``missing``, ``wrong type``, ``not an option``, ``out of range``, ``empty``,
    ``too long``.
    """
    return [
        Answer(found.status, found.value, writer, found.reason)
        for found in (_answer(value, facet) for facet in facets if facet.answered_by_model)
    ]


def _answer(value: Any, facet: Facet) -> Answer:
    if not isinstance(value, Mapping):
        return Answer("failed", reason="not an object")
    if facet.name not in value:
        return Answer("failed", reason="missing")
    given = value[facet.name]
    if given is None or (
        isinstance(given, str) and given.strip().casefold().rstrip(".") in (NA, "na", "not applicable")
    ):
        return Answer("na")
    if facet.kind == "multi":
        return _several(given, facet)
    if isinstance(given, (list, Mapping)):
        return Answer("failed", reason="wrong type")
    return {"text": _text, "category": _one, "scale": _step, "boolean": _yes_or_no, "number": _number}[facet.kind](
        given, facet
    )


def _text(given: Any, facet: Facet) -> Answer:
    if not isinstance(given, str):
        return Answer("failed", reason="wrong type")
    text = " ".join(given.split())
    if facet.prefix and text.casefold().startswith(facet.prefix.casefold()):
        text = text[len(facet.prefix) :].lstrip(" :")
    if not text:
        return Answer("failed", reason="empty")
    if len(text) > LONGEST_TEXT:
        return Answer("failed", reason="too long")
    return Answer("answered", text)


def _one(given: Any, facet: Facet) -> Answer:
    if not isinstance(given, str):
        return Answer("failed", reason="wrong type")
    options = {option.value.casefold(): option.value for option in facet.options}
    found = options.get(given.strip().casefold())
    return Answer("answered", found) if found is not None else Answer("failed", reason="not an option")


def _several(given: Any, facet: Facet) -> Answer:
    if isinstance(given, str) or not isinstance(given, Sequence):
        return Answer("failed", reason="wrong type")
    if not given or all(isinstance(item, str) and item.strip().casefold() == NA for item in given):
        return Answer("na")
    found = [_one(item, facet) for item in given]
    wrong = next((answer for answer in found if answer.status != "answered"), None)
    return wrong or Answer("answered", sorted({str(answer.value) for answer in found}))


def _step(given: Any, facet: Facet) -> Answer:
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        return Answer("failed", reason="wrong type")
    text = str(int(given)) if isinstance(given, float) and given.is_integer() else str(given).strip()
    if not re.fullmatch(r"-?[0-9]{1,6}", text):
        return Answer("failed", reason="wrong type")
    low, high = _bounds(facet)
    return Answer("answered", int(text)) if low <= int(text) <= high else Answer("failed", reason="out of range")


def _yes_or_no(given: Any, _: Facet) -> Answer:
    if isinstance(given, bool):
        return Answer("answered", given)
    known = {"yes": True, "true": True, "no": False, "false": False}
    found = known.get(given.strip().casefold()) if isinstance(given, str) else None
    return Answer("answered", found) if found is not None else Answer("failed", reason="wrong type")


def _number(given: Any, facet: Facet) -> Answer:
    if isinstance(given, str) and re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", given.strip()):
        given = float(given)
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return Answer("failed", reason="wrong type")
    if abs(given) > 1e15 or not math.isfinite(given):
        return Answer("failed", reason="out of range")
    low = -math.inf if facet.minimum is None else facet.minimum
    high = math.inf if facet.maximum is None else facet.maximum
    return Answer("answered", float(given)) if low <= given <= high else Answer("failed", reason="out of range")


def _bounds(facet: Facet) -> tuple[int, int]:
    low = 1 if facet.minimum is None else int(facet.minimum)
    return low, low + facet.steps - 1


def _steps(facet: Facet) -> list[str]:
    low, high = _bounds(facet)
    return [str(step) for step in range(low, high + 1)]


def _range(facet: Facet) -> str:
    parts = []
    if facet.minimum is not None:
        parts.append(f"at least {facet.minimum:g}")
    if facet.maximum is not None:
        parts.append(f"at most {facet.maximum:g}")
    return f" ({', '.join(parts)})" if parts else ""


def prompt_hashes() -> dict[str, str]:
    """SHA-256 (first 16 hex digits) of everything that shapes a prompt, by name, for the manifest and cache keys.

    The shipped facets are in it; a run's own facets are in its config.
    """
    from clio.models.embedded import EXAMPLES
    from clio.prompts import assign, audit, deduplicate, describe, measure, propose, rename, rephrase, reword

    sample = prompt_for(tuple(shipped().values()))
    schema = json.dumps(schema_for(tuple(shipped().values())), sort_keys=True)
    empty = {
        "propose": propose.request([""], [""], 2),
        "deduplicate": deduplicate.request([""], 2),
        "assign": assign.request("", [""]),
        "rename": rename.request([""], [""]),
        "audit": audit.request([""], [""]),
        "reword": reword.request("", "", "", [""], [""]),
        "measure": measure.request([""], [""]),
        "rephrase": rephrase.request(""),
    }
    parts = {
        "facets": sample + schema + conversation_message(""),
        "describe": describe.SYSTEM,
        **{name: f"{one.system}{one.user}{json.dumps(one.schema, sort_keys=True)}" for name, one in empty.items()},
        **{f"embedded.{name}": text for name, text in EXAMPLES.items()},
    }
    parts["audit"] += json.dumps(audit.CONTROLS)
    return {name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in sorted(parts.items())}
