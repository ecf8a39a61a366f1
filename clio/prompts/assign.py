"""Ask under which one of the given groups a cluster belongs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clio.models.protocol import Request
from clio.prompts.fence import DATA_RULE, fence_lines

SYSTEM = "\n\n".join(
    (
        "You place one cluster of requests that people make to an AI assistant under the group that fits it best.",
        DATA_RULE,
    )
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"reasoning": {"type": "string"}, "group": {"type": "string"}},
    "required": ["reasoning", "group"],
    "additionalProperties": False,
}


def request(cluster: str, groups: Sequence[str]) -> Request:
    """``cluster`` is a ``name: summary`` line; ``groups`` come in an order that the caller has shuffled."""
    user = (
        f"The cluster:\n{fence_lines('inside', [cluster])}\n"
        f"The groups, in no particular order:\n{fence_lines('group', list(groups))}\n"
        "Choose exactly one group, even when none fits well. Weigh the likely ones in a sentence or two of "
        "`reasoning`, then copy the chosen group into `group`, exactly and without its number."
    )
    return Request("assign", SYSTEM, user, SCHEMA, max_tokens=400)
