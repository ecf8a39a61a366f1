"""Ask for a group's name and summary from the clusters that ended up in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clio.models.protocol import Request
from clio.prompts.fence import DATA_RULE, FAIRNESS_RULE, PRIVACY_RULE, fence_lines

SYSTEM = "\n\n".join(
    (
        "You describe a group of clusters of requests that people make to an AI assistant.",
        DATA_RULE,
        FAIRNESS_RULE,
        PRIVACY_RULE,
        "Describe what the clusters have in common; do not let one of them stand for all.",
    )
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"summary": {"type": "string"}, "name": {"type": "string"}},
    "required": ["summary", "name"],
    "additionalProperties": False,
}


def request(children: Sequence[str], terms: Sequence[str], naming: str = "") -> Request:
    """``children`` are ``name: summary`` lines, ``terms`` the group's distinctive terms."""
    style = f" The name should be {naming}." if naming else ""
    shared = f"\nWords that many people in the group use:\n{fence_lines('data', list(terms))}" if terms else ""
    user = (
        f"The clusters of the group:\n{fence_lines('inside', list(children))}{shared}\n"
        "Write `summary`: at most two sentences in the past tense on what people asked for across these clusters. "
        "Then `name`: at most ten words of plain English in sentence case, no quotation marks, that fit every cluster "
        f"and say what sets the group apart.{style}"
    )
    return Request("rename", SYSTEM, user, SCHEMA, max_tokens=400)
