"""Sections that tell what was found: the answer, the map, the hierarchy, the areas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clio.explore.findings import SPIKE, SPIKE_ACCOUNTS
from clio.explore.release import ALL
from clio.explore.safe import plain
from clio.report._base import WHOLE
from clio.report._pictures import MOST_ROWS, rows_of, verdict
from clio.report.document import Block, Metric, Metrics, Node, Paragraph, Points, Section, Table, Tree

if TYPE_CHECKING:
    from clio.report._base import Base


def summary(base: Base) -> Section:
    """Headline figures, largest areas, biggest movements."""
    w, release = base.words, base.release
    least = release.thresholds
    limits = {"least_conversations": w.count(least.conversations), "least_accounts": w.count(least.accounts)}
    if not release.rows:
        return Section("summary", w("s_summary"), (Paragraph(w("lead_nothing", **limits)),))
    totals = {"conversations": w.count(release.about.get("conversations")), "accounts": base.accounts(ALL)}
    levels = len(release.clusters["level"].unique())
    lead = w("lead", clusters=w.count(len(release.rows)), levels=levels, **totals, **limits)
    blocks: list[Block | None] = [
        Paragraph(lead), _metrics(base), Points(tuple(_findings(base))), base.pictures.areas(release.top),
        base.pictures.trend(ALL, "weeks", ""),
    ]  # fmt: skip
    return Section("summary", w("s_summary"), there(blocks), (_movement(base),))


def _metrics(base: Base) -> Metrics:
    w, about = base.words, base.release.about
    conversations, accounts = int(about.get("conversations") or 0), base.people(ALL)
    outside = about.get("conversations_outside")
    note = w("m_outside", n=w.count(outside)) if outside else ""
    if outside is None and about.get("conversations_outside_note"):
        note = w("m_outside_some")
    bound = "m_per_account_least" if ALL in base.release.at_most else "m_per_account"
    each = w(bound, n=w.decimal(conversations / accounts)) if accounts else ""
    levels = w("m_levels", n=len(base.release.clusters["level"].unique()))
    items = [
        Metric(w("m_conversations"), w.count(conversations), note),
        Metric(w("m_accounts"), base.accounts(ALL), each),
        Metric(w("m_areas"), w.count(len(base.areas))),
        Metric(w("m_clusters"), w.count(len(base.release.rows)), levels),
    ]
    weeks = base.release.weeks
    if weeks:
        items.append(Metric(w("m_weeks"), w.count(len(weeks)), w("weeks_from_to", first=weeks[0], last=weeks[-1])))
    hidden = about.get("suppressed_cells")
    if isinstance(hidden, int):
        items.append(Metric(w("m_hidden"), w.count(hidden), w("m_hidden_note")))
    return Metrics(tuple(items))


def _findings(base: Base) -> list[str]:
    """Sentences made of released numbers only."""
    w, found = base.words, []
    first = base.shares.get(base.areas[0]) if base.areas else None
    if first:
        share, interval = w.share(first["share"]), w.interval(first["low"], first["high"])
        found.append(w("found_largest", name=base.name(base.areas[0]), share=share, interval=interval))
    if len(base.areas) > 3:
        three = sum(base.release.rows[name]["share"] for name in base.areas[:3])
        found.append(w("found_three", n=len(base.areas), share=w.share(three)))
    found += [text for text in (*_moves(base), _spike(base), _languages(base)) if text]
    return found


def _moves(base: Base) -> list[str]:
    w, told = base.words, []
    known = [row for row in base.moved if row["ratio"] == row["ratio"]]
    for said, key in (("over", "found_up"), ("under", "found_down")):
        clear = [row for row in known if row["verdict"] == said]
        if clear:
            row = max(clear, key=lambda r: abs(r["share_after"] - r["share_before"]))
            told.append(
                w(key, name=base.name(row["cluster_id"]), before=w.share(row["share_before"]),
                  after=w.share(row["share_after"]), times=w.ratio(row["ratio"]),
                  interval=w.ratios(row["low"], row["high"]))
            )  # fmt: skip
    if base.moved and not any(row["verdict"] in ("over", "under") for row in base.moved):
        told.append(w("found_still" if _compared(base) else "found_untold", **_of_areas(base)))
    return told


def _compared(base: Base) -> int:
    """Areas of which enough weeks are shown to compare the halves of the period."""
    return sum(row["verdict"] != "not shown" for row in base.moved)


def _of_areas(base: Base) -> dict[str, str]:
    return {"n": base.words.count(_compared(base)), "total": base.words.count(len(base.moved))}


def _spike(base: Base) -> str:
    """The week that stands out most, by the rule of the explorer's findings."""
    trends, w = base.release.trends, base.words
    weeks = trends[(trends["kind"] == "value") & trends["week"].isin(base.release.weeks)]
    usual = weeks[weeks["cluster_id"] == ALL].set_index("week")["share"].to_dict()
    best: tuple[float, dict[str, Any]] | None = None
    for row in rows_of(weeks[weeks["accounts"] >= SPIKE_ACCOUNTS]):
        if row["cluster_id"] in base.release.rows and usual.get(row["week"]):
            times = row["share"] / usual[row["week"]]
            if times >= SPIKE and (best is None or times > best[0]):
                best = (times, row)
    if best is None:
        return ""
    times, row = best
    name = base.name(row["cluster_id"])
    return w("found_spike", share=w.share(row["share"]), name=name, week=row["week"], times=w.ratio(times))


def _languages(base: Base) -> str:
    if "language" not in base.release.single:
        return ""
    cells = base.release.breakdowns
    whole = cells[(cells["cluster_id"] == ALL) & (cells["facet"] == "language") & (cells["kind"] == "value")]
    ordered = rows_of(whole.sort_values(["conversations", "value"], ascending=[False, True]))
    told = [f"{base.words.value(plain(row['value'], 20))} {base.words.share(row['share'])}" for row in ordered]
    return base.words("found_languages", list=", ".join(told)) if told else ""


def _movement(base: Base) -> Section:
    w = base.words
    if base.halves is None:
        blocks: list[Block | None] = [Paragraph(w("movement_none"), quiet=True)]
    else:
        before, after = base.halves
        text = w("movement_text", n=len(after), m=len(before), later=after[0])
        blocks = [Paragraph(text), base.pictures.movement(before, after, base.release.top)]
        if base.moved:
            every = _compared(base) == len(base.moved)
            blocks.append(Paragraph(w("movement_all" if every else "movement_compared", **_of_areas(base)), quiet=True))
    return Section("movement", w("h_movement"), there(blocks))


def the_map(base: Base) -> Section:
    """The map of the finest level."""
    w = base.words
    picture = base.pictures.map() if base.release.rows else None
    if picture is None:
        return Section("map", w("s_map"), (Paragraph(w("map_none"), quiet=True),))
    blocks: list[Block] = [Paragraph(w("map_text")), picture]
    finest = int((base.release.clusters["level"] == base.release.clusters["level"].min()).sum())
    if finest > MOST_ROWS:
        blocks.append(Paragraph(w("map_cut", n=w.count(MOST_ROWS), total=w.count(finest)), quiet=True))
    return Section("map", w("s_map"), tuple(blocks))


def hierarchy(base: Base) -> Section:
    """All clusters as a tree, the upper levels first where it has to be cut."""
    w, children = base.words, base.release.children
    kept: set[str] = set()
    waiting = list(base.areas)
    while waiting and len(kept) < base.bounds.nodes:  # level by level: what is cut is the deepest and smallest
        room = base.bounds.nodes - len(kept)
        kept.update(waiting[:room])
        waiting = [below for name in waiting[:room] for below in children.get(name, [])]
    short = len(base.release.rows) > base.bounds.summaries

    def node(name: str, depth: int) -> Node:
        row = base.release.rows[name]
        said = "" if short and depth > 1 else plain(row["summary"], WHOLE)
        under = tuple(node(below, depth + 1) for below in children.get(name, []) if below in kept and depth < 60)
        return Node(name, base.name(name, WHOLE), said, base.facts(name) + _stability(base, name), under)

    notes = []
    if left := len(base.release.rows) - len(kept):
        notes.append(w("tree_cut", n=w.count(left)))
    if short:
        notes.append(w("tree_short"))
    tree = Tree(tuple(node(name, 0) for name in base.areas if name in kept), " ".join(notes))
    if not tree.nodes:
        return Section("hierarchy", w("s_hierarchy"), (Paragraph(w("none")),))
    steady = Paragraph(w("stability_text"), quiet=True) if base.tells_stability else None
    return Section("hierarchy", w("s_hierarchy"), there([Paragraph(w("hierarchy_text")), steady, tree]))


def _stability(base: Base, name: str) -> str:
    """Only where the release tells it: with noise, given names or after an edit nothing is known of it."""
    value = base.stability(name)
    return "" if value is None else f" · {base.words('stability', value=base.words.hundredths(value))}"


def areas(base: Base) -> Section:
    """One section for each of the largest areas."""
    w, most = base.words, base.bounds.areas
    shown = base.areas[:most]
    blocks: list[Block] = [Paragraph(w("areas_text", n=len(shown)) if shown else w("none"))]
    if len(base.areas) > most:
        blocks.append(Paragraph(w("areas_more", n=w.count(len(base.areas) - most)), quiet=True))
    sections = tuple(_area(base, name, f"area-{place + 1}") for place, name in enumerate(shown))
    return Section("areas", w("s_areas"), tuple(blocks), sections)


def _area(base: Base, cluster: str, key: str) -> Section:
    w, row = base.words, base.release.rows[cluster]
    share = base.shares.get(cluster, {"share": row["share"], "low": float("nan"), "high": float("nan")})
    interval = w.interval(share["low"], share["high"])
    line = w(
        "area_line" if interval else "area_line_plain", conversations=w.count(row["conversations"]),
        accounts=base.accounts(cluster), share=w.share(share["share"]), interval=interval,
    )  # fmt: skip
    blocks: list[Block | None] = [Paragraph(line, quiet=True)]
    if said := plain(row["summary"], WHOLE):
        blocks.append(Paragraph(said))
    if terms := [plain(term, 80) for term in row["terms"] if plain(term, 80)]:
        blocks.append(Paragraph(w("terms", list=", ".join(terms)), quiet=True))
    blocks += _children(base, cluster)
    blocks += _apart(base, cluster)
    blocks += [
        base.pictures.breakdown(facet, cluster, f"{key}-facet-{place + 1}", base.name(cluster))
        for place, facet in enumerate(_told_facets(base)[: base.bounds.pictures])
    ]
    if base.config.detail != "brief":
        blocks.append(base.pictures.trend(cluster, f"{key}-weeks", base.name(cluster)))
        blocks.append(breakdowns_table(base, cluster, w("t_breakdowns", name=base.name(cluster))))
    return Section(key, base.name(cluster), there(blocks))


def _children(base: Base, cluster: str) -> list[Block | None]:
    w, under = base.words, base.release.children.get(cluster, [])
    if not under:
        return []
    size = max(int(base.release.rows[cluster]["conversations"]), 1)
    rows = tuple(
        (base.name(name, WHOLE), w.count(row["conversations"]), base.accounts(name),
         w.share(row["conversations"] / size))
        for name, row in ((name, base.release.rows[name]) for name in under[: base.bounds.children])
    )  # fmt: skip
    columns = (w("c_cluster"), w("c_conversations"), w("c_accounts"), w("c_of_area"))
    found: list[Block | None] = [Table(w("t_children", name=base.name(cluster)), columns, rows, frozenset((1, 2, 3)))]
    if len(under) > len(rows):
        found.append(Paragraph(w("children_cut", n=w.count(len(under) - len(rows))), quiet=True))
    return found


def _apart(base: Base, cluster: str) -> list[Block | None]:
    """What is clearly more or less common than elsewhere."""
    from clio.measures import representation

    w, facets = base.words, list(base.release.single)
    if not facets or len(base.areas) < 2:
        return []
    release = base.release
    measured = representation(release.breakdowns, release.clusters, cluster, facets=facets, several=release.several)
    found = rows_of(measured)
    clear = [row for row in found if row["verdict"] in ("over", "under")]
    if not clear:
        return [Paragraph(w("apart_none"), quiet=True)] if found else []
    rows = tuple(
        (base.facet(row["facet"]), w.value(plain(row["value"])), w.share(row["share"]), w.share(row["share_rest"]),
         w.ratio(row["ratio"]), w.ratios(row["low"], row["high"]), w(verdict(row["verdict"])))
        for row in clear[:8 if base.config.detail != "full" else 40]
    )  # fmt: skip
    columns = (w("c_facet"), w("c_value"), w("c_here"), w("c_elsewhere"), w("c_times"), w("c_interval"), w("c_clear"))
    note = w("apart_note", n=w.count(len(found)))
    return [Table(w("t_apart"), columns, rows, frozenset((2, 3, 4, 5))), Paragraph(note, quiet=True)]


def _told_facets(base: Base) -> list[str]:
    """Facets with the most to tell first: those a model answered, then the language, then the rest."""
    order = {"language": 1}
    asked = {name for name, facet in base.release.single.items() if facet.kind != "computed"}
    return sorted(base.release.single, key=lambda name: 0 if name in asked else order.get(name, 2))


def breakdowns_table(base: Base, cluster: str, caption: str, *, folded: bool = True) -> Table | None:
    """Every released value of every facet in a cluster, or in all."""
    from clio.measures import facet_shares

    w, release = base.words, base.release
    names = {"other": w("together"), "not shown": w("hidden_row")}
    rows: list[tuple[str, ...]] = []
    for facet, info in release.single.items():
        frame = facet_shares(release.breakdowns, release.clusters, facet, cluster, adds_up=info.adds_up)
        rows += [
            (base.facet(facet), names.get(r["status"]) or w.value(plain(r["value"])), w.count(r["conversations"]),
             w.accounts(r["accounts"], cluster in release.at_most), w.share(r["share"]),
             w.interval(r["low"], r["high"]))
            for r in rows_of(frame)
        ]  # fmt: skip
    columns = (w("c_facet"), w("c_value"), w("c_conversations"), w("c_accounts"), w("c_share"), w("c_interval"))
    return Table(caption, columns, tuple(rows), frozenset((2, 3, 4, 5)), folded) if rows else None


def there(blocks: list[Block | None]) -> tuple[Block, ...]:
    """Without those that have nothing to show."""
    return tuple(block for block in blocks if block is not None)
