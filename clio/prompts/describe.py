"""How a capable model is asked to name a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clio.models.protocol import Description, Evidence, Request
from clio.prompts.fence import DATA_RULE, FAIRNESS_RULE, PRIVACY_RULE, fence_lines

NAME_WORDS = 10
DEFAULT_NAMING = "an imperative phrase that begins with a verb and says what is wanted"

SYSTEM = "\n\n".join(
    [
        "You name groups of conversations for a statistical study of how an AI assistant is used. You see short notes "
        "on conversations: some that belong to the group, and some that are close to it and do not belong.",
        DATA_RULE,
        FAIRNESS_RULE,
        PRIVACY_RULE,
        "A note is one conversation. Never put in a name or summary what only one or two notes have.",
    ]
)

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"summary": {"type": "string"}, "name": {"type": "string"}},
    "required": ["summary", "name"],
    "additionalProperties": False,
}


def describe_request(evidence: Evidence) -> Request:
    """Asks for the name and summary of one cluster."""
    parts = []
    if evidence.children:
        parts += ["Smaller groups that this group is made of:", fence_lines("inside", list(evidence.children))]
    if evidence.inside:
        parts += ["Notes on conversations of the group:", fence_lines("inside", list(evidence.inside))]
    if evidence.outside:
        parts += [
            "Notes on conversations that are close but belong elsewhere:",
            fence_lines("outside", list(evidence.outside)),
        ]
    if evidence.terms:
        parts += ["Words that stand out in the group:", fence_lines("data", list(evidence.terms))]
    parts.append(
        "That was the material. Now write about the group, as one JSON object:\n"
        "- `summary`: two sentences in the past tense that say what users of the group asked for, fit most of its "
        "notes, and tell it from the notes that belong elsewhere.\n"
        f"- `name`: {evidence.naming or DEFAULT_NAMING}; at most {NAME_WORDS} words; as specific as is true of most of "
        "the group, and plain about harm where there is harm."
    )
    return Request(purpose="describe", system=SYSTEM, user="\n\n".join(parts), schema=SCHEMA, max_tokens=400)


def description_of(value: Mapping[str, Any], writer: str) -> Description | None:
    """What a reply says, tidied; None where the name is empty or too long to be cut honestly."""
    name = " ".join(str(value.get("name", "")).split()).strip(" \"'“”.").strip()
    summary = " ".join(str(value.get("summary", "")).split())
    if not name or not summary or len(name.split()) > NAME_WORDS:
        return None
    return Description(name, summary, writer)
