"""Ask for a facet text in other words, because a detector of names or identifiers found something in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clio.models.protocol import Request
from clio.prompts.fence import DATA_RULE, PRIVACY_RULE, fence

SYSTEM = "\n\n".join(
    (
        "You rewrite one short description of what somebody asked an AI assistant for, because a filter took a part "
        "of it for a name, an address, a number or another detail that could point to somebody.",
        DATA_RULE,
        PRIVACY_RULE,
        "Keep what kind of request it is, its subject and its length. Put a general word in the place of every proper "
        "name, of public figures, works, places, firms and products too: the filter cannot tell them apart.",
    )
)
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"text": {"type": "string", "maxLength": 400}},
    "required": ["text"],
    "additionalProperties": False,
}


def request(text: str) -> Request:
    """The request to rewrite ``text``."""
    user = f"{fence('data', text)}\nWrite `text`: the same description without any of that."
    return Request("rephrase", SYSTEM, user, SCHEMA, max_tokens=300)
