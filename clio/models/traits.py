"""What differs between Claude models and shows in a bill: the tokenizer, the shortest prompt that is cached, thinking.

Source: platform.claude.com/docs (models overview, prompt caching, thinking), October 2026. A model that is not known
here, such as one on a server of your own, gets the values of the first models.
"""

from __future__ import annotations

import re

BYTES_PER_TOKEN = 3.6
"""UTF-8 bytes per token: what English comes to with the tokenizers before Claude 4.7 and with most other models', and
for scripts of several bytes a sign nearer than counting signs."""
_NEWER_TOKENIZER = 1.3
"""Since Claude 4.7 the same text has about 30% more tokens."""
_NAME = re.compile(
    r"claude-(?:(?P<before>\d)(?:[-.](?P<tenth>\d))?-)?(?P<family>opus|sonnet|haiku|fable|mythos)"
    r"(?:-(?P<after>\d)(?:[-.](?P<part>\d)(?!\d))?(?!\d))?"
)
_LEAST_CACHED = {
    ("opus", 4, 8): 1_024, ("opus", 4, 7): 2_048, ("opus", 4, 6): 4_096, ("opus", 4, 5): 4_096,
    ("haiku", 4, 5): 4_096, ("haiku", 3, 5): 2_048, ("haiku", 3, 0): 2_048,
    ("sonnet", 5, 0): 1_024, ("sonnet", 5, 5): 1_024,
}  # fmt: skip


def bytes_per_token(model: str) -> float:
    """UTF-8 bytes of text that a token stands for, about."""
    _, *version = _named(model)
    return BYTES_PER_TOKEN / _NEWER_TOKENIZER if version >= [4, 7] else BYTES_PER_TOKEN


def least_cached(model: str) -> int:
    """Tokens from which a marked prompt is cached; a shorter one is not, and nothing says so."""
    family, major, minor = _named(model)
    return _LEAST_CACHED.get((family, major, minor), 512 if major >= 5 else 1_024)


def thinks(model: str) -> bool:
    """Whether it thinks before it answers unless it is told not to. What it thinks is billed as output."""
    return _named(model)[1] >= 5


def _named(model: str) -> tuple[str, int, int]:
    """Family and version; an empty family and 0 for a name that tells neither."""
    found = _NAME.search(model.casefold())
    if not found:
        return "", 0, 0
    major = found["after"] or found["before"]
    minor = found["part"] if found["after"] else found["tenth"]
    return found["family"], int(major or 0), int(minor or 0)
