"""Ask for one list of distinct group names out of the proposals of all neighbourhoods."""

from __future__ import annotations

from collections.abc import Sequence

from clio.models.protocol import Request
from clio.prompts.fence import DATA_RULE, PRIVACY_RULE, fence_lines
from clio.prompts.propose import SCHEMA

SYSTEM = "\n\n".join(
    (
        "You tidy a list of names for groups of requests that people make to an AI assistant.",
        DATA_RULE,
        PRIVACY_RULE,
        "Names that mean the same become one. Keep the plainer wording, and keep what is specific: two narrow names "
        "are better than one that could hold anything.",
    )
)


def request(names: Sequence[str], wanted: int) -> Request:
    """About ``wanted`` distinct names are asked for, between half and one and a half times as many."""
    least, most = max(1, wanted // 2), max(1, wanted * 3 // 2)
    user = (
        f"Proposed names:\n{fence_lines('data', list(names))}\n"
        f"Turn them into about {wanted} distinct names (at least {least}, at most {most}). Whatever one of the "
        "proposed names covers must still have a place.\n"
        "First note in `reasoning` which names overlap; then give the final list in `names`."
    )
    return Request("deduplicate", SYSTEM, user, SCHEMA, max_tokens=1200 + 40 * most)
