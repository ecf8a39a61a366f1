"""The requests that naming and auditing will make, before there is a cluster: from level sizes and the prompts.

What is not known yet (notes, names, summaries) stands in the prompts as a filler of the assumed length.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from clio.config import RunConfig
from clio.config.facets import Facet
from clio.models.protocol import Evidence, Request
from clio.prompts import assign, audit, deduplicate, measure, propose, rename, reword
from clio.prompts.describe import describe_request
from clio.prompts.facets import resolve
from clio.stages._levels import MOST_GROUPS_SHOWN, OUTSIDE
from clio.stages.arrange import level_sizes
from clio.vectors.kmeans import default_k

TEXT, OTHER = 160, 30
"""Characters of an answer with its key: one or two sentences, or a short value."""
DESCRIPTION, NAME, LINE = 330, 36, 280
"""Characters of a reply with a name and a summary of two sentences; of a name; of a line ``name: summary``."""
VERDICT = 120
"""Characters of a verdict on one text."""
REASONING, CHOICE = 540, 220
"""Characters that a model thinks aloud before a list of names, and with the choice of one."""
AGAIN = 0.1
"""Share of names that do not pass the checks or the audit and are asked for once more."""
_PARENT_NOTES = 60
"""Facet texts shown for a parent, as in :mod:`clio.stages._parents`."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A number of like requests."""

    purpose: str
    calls: int
    system: float
    """Bytes of the system prompt, the same in all of them."""
    rest: float
    """Bytes of the user turn and the schema, on average."""
    output: float
    """Bytes of the reply."""


def planned(purpose: str, calls: int, request: Request, output: float) -> Planned:
    """``calls`` requests like this one."""
    return Planned(purpose, calls, size(request.system), size(request.user) + size(schema_text(request)), output)


def size(text: str) -> int:
    """Bytes in UTF-8."""
    return len(text.encode("utf-8", "replace"))


def schema_text(request: Request) -> str:
    """The schema as text: it goes in the prompt, or the endpoint puts it there."""
    return json.dumps(request.schema, ensure_ascii=False)


def base_clusters(conversations: int, config: RunConfig) -> int:
    """How many clusters will be named: those of k-means that can reach the threshold, the smaller join others."""
    if not conversations:
        return 0
    k = default_k(conversations) if config.cluster.method == "hdbscan" or not config.cluster.k else config.cluster.k
    return max(1, min(k, conversations, conversations // config.release.min_conversations))


def describing(conversations: int, accounts: int, config: RunConfig) -> list[Planned]:
    """Requests of the stage ``describe``."""
    clusters = base_clusters(conversations, config)
    if not clusters:
        return []
    facet = next(facet for facet in resolve(config.facets) if facet.cluster)
    members = round(conversations / clusters)
    inside = min(config.describe.inside, members, accounts)
    outside = min(config.describe.outside, conversations - members, accounts)
    request = describe_request(_evidence(facet, inside, outside, config.describe.terms))
    return [planned("describe", again(clusters), request, DESCRIPTION)]


def arranging(conversations: int, config: RunConfig) -> list[Planned]:
    """Requests of the stage ``arrange``, in the order in which they are made."""
    sizes = level_sizes(base_clusters(conversations, config), config.arrange.levels, config.arrange.top)
    if config.arrange.method != "ward":
        return list(_by_model(sizes, config))
    facet = next(facet for facet in resolve(config.facets) if facet.cluster)
    found = []
    for below, parents in pairwise(sizes):
        names = ["x" * NAME] * max(2, round(below / parents))
        seen = _evidence(facet, _PARENT_NOTES, 0, config.describe.terms, names)
        found.append(planned("describe", again(parents), describe_request(seen), DESCRIPTION))
    return found


def _by_model(sizes: list[int], config: RunConfig) -> Iterator[Planned]:
    name, line = "x" * NAME, "x" * LINE
    children = sizes[0] if sizes else 0
    for level in sizes[1:]:
        if children < 3:
            return
        wanted = min(level, children - 1)
        groups = max(1, round(children / config.arrange.neighbourhood))
        inside = round(children / groups)
        part = min(max(2, round(wanted * inside / children)), inside)
        shown = propose.request([line] * inside, [line] * min(OUTSIDE, children - inside), part)
        yield planned("propose", groups, shown, REASONING + part * NAME)
        merging = deduplicate.request([name] * (groups * part), wanted)
        yield planned("deduplicate", 1, merging, REASONING + wanted * NAME)
        choice = assign.request(line, [name] * min(wanted, MOST_GROUPS_SHOWN))
        yield planned("assign", children, choice, CHOICE)
        own = rename.request([line] * max(2, round(children / wanted)), [_TERM] * config.describe.terms)
        yield planned("rename", again(wanted), own, DESCRIPTION)
        children = wanted


def auditing(conversations: int, config: RunConfig) -> list[Planned]:
    """Requests of the stage ``audit``: every name judged beside a control, some worded anew and judged again."""
    names, text = _names(conversations, config), "x" * LINE
    if config.audit.judge == "off" or not names:
        return []
    anew = math.ceil(AGAIN * names)
    batch = audit.BATCH + 1
    shown = audit.request([text] * batch, ["10 to 19 accounts"] * batch)
    other = reword.request("x" * NAME, text, "10 to 19 accounts", ["health"], [_TERM] * config.describe.terms)
    judged = math.ceil(names / audit.BATCH) + math.ceil(anew / audit.BATCH)
    return [planned("audit", judged, shown, batch * VERDICT), planned("reword", anew, other, DESCRIPTION)]


def measuring(conversations: int, config: RunConfig) -> list[Planned]:
    """Requests of the stage ``publish``: what the final names give away is measured in other words."""
    names = _names(conversations, config)
    if config.audit.judge == "off" or not names:
        return []
    shown = measure.request(["x" * LINE] * measure.BATCH, ["10 to 19 accounts"] * measure.BATCH)
    return [planned("measure", math.ceil(names / measure.BATCH), shown, measure.BATCH * VERDICT)]


def _names(conversations: int, config: RunConfig) -> int:
    return sum(level_sizes(base_clusters(conversations, config), config.arrange.levels, config.arrange.top))


def again(names: int) -> int:
    """Calls for so many names, with those that are asked for twice."""
    return math.ceil(names * (1 + AGAIN))


def answer_size(facets: Sequence[Facet]) -> int:
    """Characters of one reply to all of these facets."""
    return sum(TEXT if facet.kind == "text" else OTHER for facet in facets if facet.answered_by_model)


_TERM = "x" * 8


def _evidence(facet: Facet, inside: int, outside: int, terms: int, children: list[str] | None = None) -> Evidence:
    note = "x" * TEXT
    shown = tuple(children or ())
    return Evidence((note,) * inside, (note,) * outside, (_TERM,) * terms, children=shown, naming=facet.naming)
