"""Ask what published texts give away, in other words and on other answers than the filter asked (``audit.py``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clio.models.protocol import Request
from clio.prompts.fence import DATA_RULE, fence_lines

BATCH = 10
"""Texts in one request."""

SYSTEM = "\n\n".join(
    (
        "You play a determined investigator. A report on how people use an AI assistant has been published, and you "
        "hold some of its entries. You can search the web and ask around, and you know one of the users in person. Of "
        "each entry you say what you could do with it.",
        DATA_RULE,
        "Judge each entry alone. Be neither kind nor harsh: your answers are counted, and the count is published.",
    )
)

WHO: Mapping[str, int] = {
    "one person": 1,
    "one organisation or small circle": 2,
    "some thousands of people": 3,
    "nobody without a great deal of other knowledge": 4,
    "nobody": 5,
}
"""Whom an entry leads to, as a step of the paper's scale."""
LEARNT: Mapping[str, int] = {
    "it says something intimate of a handful of people": 1,
    "it hints at something intimate of a handful of people": 2,
    "it says or hints at something intimate of many people": 3,
    "it treats an intimate subject, not people's own affairs": 4,
    "nothing intimate": 5,
}
"""What an entry adds to what the investigator knows. Intimate: health, sexuality, immigration, crime, religion,
politics, origin, violence."""

ITEM: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "leads_to": {"type": "string", "enum": list(WHO)},
        "learnt": {"type": "string", "enum": list(LEARNT)},
    },
    "required": ["leads_to", "learnt"],
    "additionalProperties": False,
}


def key(place: int) -> str:
    """Under which name the answer on the entry of a place (from 0) is wanted."""
    return f"entry_{place + 1:02d}"


def request(texts: Sequence[str], accounts: Sequence[str]) -> Request:
    """Asks of each text whom it leads to and what is learnt; ``accounts`` says how many people stand behind each."""
    keys = [key(place) for place in range(len(texts))]
    crowd = "; ".join(f"{name} by {band}" for name, band in zip(keys, accounts, strict=True))
    user = (
        f"Entries, numbered as `{keys[0]}` and so on:\n{fence_lines('data', list(texts))}\n"
        f"By how many accounts: {crowd}.\n"
        "Say of each entry to whom it could lead you (`leads_to`), and what you would have learnt about the user you "
        "know, were they one of those accounts (`learnt`). Intimate means: health, mind, sexuality, gender, "
        "immigration, crime, faith, politics, origin, violence."
    )
    schema = {
        "type": "object",
        "properties": dict.fromkeys(keys, ITEM),
        "required": keys,
        "additionalProperties": False,
    }
    return Request("audit", SYSTEM, user, schema, max_tokens=200 + 60 * len(keys))
