"""Sections that tell what the findings stand on: methods, privacy, limits, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clio.explore.release import ALL
from clio.explore.safe import plain
from clio.report._base import WHOLE
from clio.report._pictures import rows_of, weeks_table
from clio.report._sections import breakdowns_table, there
from clio.report.document import Block, Paragraph, Points, Section, Table

if TYPE_CHECKING:
    from clio.report._base import Base

_STAGES = ("raw", "redacted", "facet", "release")
_DETECTORS = ("broad", "first", "second")


def methods(base: Base) -> Section:
    """Models, questions, prompts by hash, thresholds: from the release's own manifest."""
    import clio

    w, about = base.words, base.release.about
    settings = about.get("settings") or {}
    cluster, arrange = settings.get("cluster") or {}, settings.get("arrange") or {}
    told = {
        "k_writer": about.get("writer"), "k_encoder": about.get("encoder"), "k_method": cluster.get("method"),
        "k_levels": arrange.get("levels"), "k_seed": settings.get("seed"), "k_sampling": _sampling(base),
        "k_screener": _screener(base), "k_window": _window(base), "k_clio": about.get("clio"),
        "k_reporter": clio.__version__,
    }  # fmt: skip
    rows = tuple((w(key), w("not_told") if value is None else plain(value, WHOLE)) for key, value in told.items())
    two = (w("c_what"), w("c_setting_value"))
    blocks: list[Block | None] = [Paragraph(w("methods_text")), Table(w("t_models"), two, rows), _facets(base)]
    release = _flat(settings.get("release") or {})
    if release:
        blocks.append(Table(w("t_thresholds"), two, tuple(release), folded=True))
    prompts = about.get("prompts") or {}
    if prompts:
        hashes = tuple((plain(name), plain(digest)) for name, digest in sorted(prompts.items()))
        blocks += [Table(w("t_prompts"), (w("c_prompt"), w("c_digest")), hashes, folded=True)]
        blocks.append(Paragraph(w("prompts_note"), quiet=True))
    return Section("methods", w("s_methods"), there(blocks))


def _sampling(base: Base) -> str:
    """Which conversations were kept, as the release tells it; one of an older version does not."""
    w, given = base.words, (base.release.about.get("settings") or {}).get("sampling")
    if not isinstance(given, Mapping):
        return w("sampling_unknown")
    told = []
    if given.get("size") is not None:
        told.append(w("sampling_size", n=w.count(given["size"])))
    elif given.get("limited"):
        told.append(w("sampling_size_hidden"))
    if given.get("per_account") is not None:
        told.append(w("sampling_account", n=w.count(given["per_account"])))
    told += [w(f"sampling_{end}", day=plain(given[end], 40)) for end in ("since", "until") if given.get(end)]
    if (given.get("min_turns") or 1) > 1:
        told.append(w("sampling_turns", n=w.count(given["min_turns"])))
    return "; ".join(told) or w("sampling_none")


def _screener(base: Base) -> str:
    w, about = base.words, base.release.about
    if "screener" not in about:
        return w("sampling_unknown")
    given = about["screener"]
    if not isinstance(given, Mapping):
        return w("screener_none")
    kept = "yes_word" if given.get("keep", True) else "no_word"
    return w("screener_asked", question=plain(given.get("question") or "", WHOLE), answer=w(kept))


def _window(base: Base) -> str:
    w, given = base.words, (base.release.about.get("settings") or {}).get("window")
    if not isinstance(given, Mapping) or not given.get("characters"):
        return w("sampling_unknown")
    ends = {end: w.share(float(given.get(end) or 0)) for end in ("head", "tail")}
    return w("window_told", n=w.count(given["characters"]), **ends)


def _facets(base: Base) -> Table | None:
    w = base.words
    rows = tuple(
        (base.facet(str(row.get("name"))), plain(row.get("kind") or ""),
         plain(row.get("question") or w("computed_facet"), WHOLE))
        for row in base.release.about.get("facets") or () if isinstance(row, dict)
    )  # fmt: skip
    return Table(w("t_facets"), (w("c_facet"), w("c_kind"), w("c_question")), rows, folded=True) if rows else None


def _flat(values: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Settings as rows, those within settings by path."""
    found: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{above}{name}.")
        else:
            found.append((plain(above + name), plain("" if value is None else value)))
    return found


def privacy(base: Base) -> Section:
    """The run's own statement, whole."""
    w, said = base.words, base.release.statement
    title = w("s_privacy")
    if said is None:
        rows = [{str(k): v for k, v in row.items()} for row in rows_of(base.release.rules)]
        return Section("privacy", title, (Paragraph(w("privacy_absent")), _rules(base, rows)))
    languages = said.get("languages") or {}
    sections = (
        Section("adversary", w("h_adversary"), tuple(
            Paragraph(w.said(plain(said.get(key) or "", WHOLE))) for key in ("adversary", "unit") if said.get(key)
        )),
        Section("rules", w("h_rules"), (_rules(base, said.get("rules") or ()),)),
        Section("leaks", w("h_leaks"), (_leaks(base, said.get("leaks") or ()),)),
        Section("hidden", w("h_hidden"), (_hidden(base, said.get("suppressed") or {}),)),
        Section("languages", w("h_languages"), _languages(base, languages)),
        Section("noise", w("h_noise"), (_noise(base, said.get("epsilon")),)),
        Section("not-promised", w("h_not_promised"), (
            Points(tuple(w.said(plain(text, WHOLE)) for text in said.get("not_promised") or ())),
        )),
    )  # fmt: skip
    return Section("privacy", title, (Paragraph(w("privacy_text")),), sections)


def _rules(base: Base, rules: Sequence[Mapping[str, Any]]) -> Block:
    w = base.words
    rows = tuple(
        (*(w.said(plain(row.get(key) or "", WHOLE)) for key in ("rule", "setting", "statement")),
         _counted(base, row.get("hidden"), row.get("unit")))
        for row in rules
    )  # fmt: skip
    return Table(w("t_rules"), (w("c_rule"), w("c_setting"), w("c_promise"), w("c_hidden")), rows)


def _counted(base: Base, hidden: Any, unit: Any) -> str:
    if not isinstance(hidden, (int, float)) or hidden != hidden:
        return ""
    return f"{base.words.count(float(hidden))} {base.words.said(plain(unit or ''))}".strip()


def _leaks(base: Base, leaks: Sequence[Mapping[str, Any]]) -> Block:
    w = base.words
    if not leaks:
        return Paragraph(w("leaks_none"))

    def word(kind: str, key: Any, known: Sequence[str]) -> str:
        return w(f"{kind}_{key}") if key in known else plain(key)

    rows = []
    for row in leaks:
        share = w.share(float(row["share"]))
        rows.append(
            (word("stage", row["stage"], _STAGES), word("detector", row["detector"], _DETECTORS),
             w.count(float(row["texts"])), w("below", share=share) if row["at_most"] else share,
             w("yes" if row["also_filtered"] else "no"))
        )  # fmt: skip
    columns = (w("c_stage"), w("c_looked_for"), w("c_texts"), w("c_found"), w("c_same"))
    return Table(w("t_leaks"), columns, tuple(rows), frozenset((2, 3)))


def _hidden(base: Base, suppressed: Mapping[str, Any]) -> Block:
    w = base.words
    known = ("clusters", "cells", "cells_by_subtraction")
    rows = tuple(
        (w(f"r_{name}") if name in known else plain(name).replace("_", " "),
         w("not_told") if value is None else w.count(float(value)))
        for name, value in suppressed.items()
    )  # fmt: skip
    columns = (w("c_what"), w("c_hidden"))
    return Table(w("t_hidden"), columns, rows, frozenset((1,))) if rows else Paragraph(w("nothing_hidden"))


def _languages(base: Base, told: Mapping[str, Any]) -> tuple[Block, ...]:
    w = base.words
    found = ", ".join(plain(name, 20) for name in told.get("with_detector") or ()) or w("no_language")
    missing = told.get("without_detector")
    rest = w("languages_unknown")
    if missing is not None:
        rest = w("languages_without", list=", ".join(plain(name, 20) for name in missing) or w("none"))
    return Paragraph(w("languages_with", list=found)), Paragraph(rest)


def _noise(base: Base, epsilon: Mapping[str, Any] | None) -> Block:
    w = base.words
    if not epsilon:
        return Paragraph(w("noise_none"))
    rows = tuple((name, w.said(value)) for name, value in _flat(epsilon))
    return Table(w("t_noise"), (w("c_what"), w("c_setting_value")), rows)


def limits(base: Base) -> Section:
    """What the numbers do not say."""
    w, about = base.words, base.release.about
    hidden = {key: w.count(about.get(f"suppressed_{key}")) for key in ("cells", "clusters")}
    said = [w("limit_prevalence"), w("limit_names"), w("limit_worst"), w("limit_hidden", **hidden)]
    said += [w(key) for key in ("limit_intervals", "limit_other", "limit_account")]
    release = (about.get("settings") or {}).get("release") or {}
    if about.get("noise") or (base.release.statement or {}).get("epsilon"):
        said.append(w("limit_noise"))
    if int(release.get("round_to") or 1) > 1:
        said.append(w("limit_rounded", n=w.count(int(release["round_to"]))))
    if edits := len(base.release.curation.active):
        said.append(w("limit_edits", n=w.count(edits)))
    return Section("limits", w("s_limits"), (Points(tuple(said)),))


def appendix(base: Base) -> Section:
    """The tables behind it all, as far as the level of detail goes."""
    w, release, most = base.words, base.release, base.bounds.rows
    blocks: list[Block | None] = [Paragraph(w("appendix_export"))]
    if not most:
        blocks.append(Paragraph(w("appendix_brief"), quiet=True))
        return Section("appendix", w("s_appendix"), there(blocks))
    levels = tuple(
        tuple(w.count(float(row[name])) for name in ("level", "clusters", "conversations", "smallest", "largest"))
        for row in rows_of(release.levels)
    )
    head = (w("c_level"), w("c_clusters"), w("c_conversations"), w("c_smallest"), w("c_largest"))
    if levels:
        blocks.append(Table(w("t_levels"), head, levels, frozenset(range(5)), True))
    blocks += [_clusters(base, most), breakdowns_table(base, ALL, w("t_whole"))]
    if len(release.rows) > most:
        blocks.append(Paragraph(w("appendix_cut", n=w.count(most), total=w.count(len(release.rows))), quiet=True))
    if release.weeks:
        from clio.measures import weekly

        frame = weekly(release.trends, release.clusters).assign(cluster_id=ALL)
        blocks.append(weeks_table(frame, w, w("t_weeks"), release.at_most))
    return Section("appendix", w("s_appendix"), there(blocks))


def _clusters(base: Base, most: int) -> Table | None:
    w, release = base.words, base.release
    ordered = sorted(
        release.rows.values(), key=lambda row: (-row["level"], -row["conversations"], str(row["cluster_id"]))
    )
    # The id tells the level, and the id of the cluster above leaves room for names on paper.
    columns = [w("c_cluster"), w("c_name"), w("c_above"), w("c_conversations"), w("c_accounts"), w("c_share")]
    numeric = {3, 4, 5}
    if base.tells_stability:
        numeric.add(len(columns))
        columns.append(w("c_stability"))

    def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
        name = str(row["cluster_id"])
        found = base.stability(name)
        steady = w("not_told") if found is None else w.hundredths(found)
        return (
            name, base.name(name, WHOLE), row["parent_id"] if row["parent_id"] in release.rows else "",
            w.count(row["conversations"]), base.accounts(name), w.share(row["share"]),
            *((steady,) if base.tells_stability else ()), plain(row["writer"], 80),
        )  # fmt: skip

    rows = tuple(cells(row) for row in ordered[:most])
    head = (*columns, w("c_writer"))
    return Table(w("t_clusters"), head, rows, frozenset(numeric), True) if rows else None
