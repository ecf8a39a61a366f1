"""Texts that many tests have looked at are looked at once a session, by the real detectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from clio.privacy.redact import Redactor
from clio.privacy.redact.spans import Span

KNOWN: dict[tuple[object, ...], list[Span]] = {}


@pytest.fixture(scope="module", autouse=True)
def looked_at_once() -> Iterator[None]:
    """Most of the time of a report's or export's test is the last look at texts of one and the same run."""
    real, known = Redactor.scan_many, KNOWN

    def once(
        self: Redactor, texts: Sequence[str], *, names: bool = True, second: bool | None = None
    ) -> list[list[Span]]:
        about = (self.config.model_dump_json(), bool(self._models), self._second is None, names, second)
        new = [text for text in dict.fromkeys(texts) if (*about, text) not in known]
        found = real(self, new, names=names, second=second)
        known.update({(*about, text): spans for text, spans in zip(new, found, strict=True)})
        return [list(known[*about, text]) for text in texts]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Redactor, "scan_many", once)
        yield
