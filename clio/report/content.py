"""From a release to a report, whatever it will be written as: made of ``release/`` and the edits beside it alone.

The same release and config give the same document, and so the same content hash, on every day: a report has no date
of its own.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clio.explore.release import ALL
from clio.explore.safe import plain
from clio.report import _concerns, _grounds, _sections
from clio.report._base import NAME, Base
from clio.report._pictures import Drawing, Pictures
from clio.report.document import Document, Section
from clio.report.words import Words

if TYPE_CHECKING:
    from clio.config.report import ReportConfig, SectionName
    from clio.explore.release import Release

SECTIONS: Mapping[SectionName, Callable[[Base], Section]] = {
    "summary": _sections.summary,
    "map": _sections.the_map,
    "hierarchy": _sections.hierarchy,
    "areas": _sections.areas,
    "concerns": _concerns.concerns,
    "methods": _grounds.methods,
    "privacy": _grounds.privacy,
    "limits": _grounds.limits,
    "appendix": _grounds.appendix,
}


@dataclass(frozen=True)
class Report:
    """A document, and how to draw its figures again at another width or with plotly."""

    document: Document
    drawings: Mapping[str, Drawing]


def build(release: Release, config: ReportConfig) -> Document:
    """The report of a release, with its content hash among the facts."""
    return compose(release, config).document


def compose(release: Release, config: ReportConfig) -> Report:
    """As :func:`build`, with what a page on screen needs beyond.

    Raises:
        ConfigError: the config names a facet that the run did not ask.
    """
    _concerns.of_harm(release, config)
    words = Words(config.language)
    pictures = Pictures(release, words)
    base = Base(release, config, words, pictures)
    title = plain(config.title or release.about.get("title") or words("untitled"), NAME)
    document = Document(
        title=title,
        subtitle=words("subtitle"),
        organisation=plain(config.organisation, NAME),
        language=config.language,
        facts=_facts(base),
        sections=tuple(SECTIONS[name](base) for name in config.sections),
        words=words.for_writers(),
    )
    hashed = dataclasses.replace(document, facts=(*document.facts, (words("f_hash"), content_hash(document))))
    return Report(hashed, pictures.drawings)


def content_hash(document: Document) -> str:
    """SHA-256 over the document as JSON (sorted keys, no spaces, UTF-8), without the fact that tells it.

    What reads a report can check it: every file made of one document prints the same hash, whatever its format.
    """
    own = document.words.get("content_hash")
    bare = dataclasses.replace(document, facts=tuple(fact for fact in document.facts if fact[0] != own))
    text = json.dumps(plain_values(bare), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def plain_values(value: Any) -> Any:
    """Nested dataclasses as JSON, each with its kind; sets in order."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        told = {field.name: plain_values(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"kind": type(value).__name__, **told}
    if isinstance(value, (list, tuple)):
        return [plain_values(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return {str(key): plain_values(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _facts(base: Base) -> tuple[tuple[str, str], ...]:
    w, about, weeks = base.words, base.release.about, base.release.weeks
    period = w("weeks_from_to", first=weeks[0], last=weeks[-1]) if weeks else w("no_dates")
    facts = [
        (w("f_period"), period),
        (w("f_conversations"), w.count(about.get("conversations"))),
        (w("f_accounts"), base.accounts(ALL)),
        (w("f_clusters"), w.count(len(base.release.rows))),
        (w("f_version"), w("version", version=plain(about.get("clio") or w("not_told"), 40))),
    ]
    if edits := len(base.release.curation.active):
        facts.append((w("f_edits"), w.count(edits)))
    return (*facts, (w("f_run"), plain(about.get("digest") or w("not_told"), 100)))
