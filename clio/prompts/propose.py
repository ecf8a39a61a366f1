"""Ask for the names of broader groups that a neighbourhood of clusters could fall into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clio.models.protocol import Request
from clio.prompts.fence import DATA_RULE, FAIRNESS_RULE, PRIVACY_RULE, fence_lines

SYSTEM = "\n\n".join(
    (
        "You sort clusters of requests that people make to an AI assistant into broader groups.",
        DATA_RULE,
        FAIRNESS_RULE,
        PRIVACY_RULE,
        "A good group name says plainly what its members share, in two to eight words, specific enough that a reader "
        "can guess what lies inside. Clusters that clearly concern harm get a group named for that harm.",
    )
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string"},
        "names": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["reasoning", "names"],
    "additionalProperties": False,
}


def request(clusters: Sequence[str], outside: Sequence[str], wanted: int, naming: str = "") -> Request:
    """``clusters`` and ``outside`` are ``name: summary`` lines; about ``wanted`` names are asked for."""
    least, most = max(1, wanted // 2), max(1, wanted * 3 // 2)
    style = f"\nEach name should be {naming}." if naming else ""
    nearby = ""
    if outside:
        lines = fence_lines("outside", list(outside))
        nearby = f"\nClusters that lie nearby and belong elsewhere, to set these apart from:\n{lines}"
    user = (
        f"Clusters to be grouped:\n{fence_lines('inside', list(clusters))}{nearby}\n"
        f"Propose about {wanted} groups (at least {least}, at most {most}) that together cover every cluster to be "
        f"grouped and overlap as little as possible.{style}\n"
        "First think in `reasoning` about which clusters go together; then list only the group names in `names`."
    )
    return Request("propose", SYSTEM, user, SCHEMA, max_tokens=800 + 40 * most)
