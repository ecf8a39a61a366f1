"""Seeded draws: which secrets, targets and halves an attack takes. Nothing here has to be unguessable."""

from __future__ import annotations

import random


def drawn(*of: object) -> random.Random:
    """The same draws for the same words, on every machine."""
    return random.Random(" ".join(map(str, of)))  # noqa: S311 - repeatable is what it has to be
