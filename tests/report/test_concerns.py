"""What is said of harm: asked and shown, asked and hidden, not asked; and which end of a scale is the harmful one."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import pytest

from clio.config.report import ReportConfig
from clio.errors import ConfigError
from clio.explore.release import Release
from clio.report._concerns import of_harm
from clio.report.content import build
from clio.report.document import Document, Picture, Table
from tests.report.documents import said, section

pytest.importorskip("vl_convert")


def renamed(release: Release, name: str, **more: Any) -> Release:
    """The release of a run whose facet ``concern`` is called otherwise."""
    facets = [row | {"name": name} | more if row["name"] == "concern" else row for row in release.about["facets"]]
    cells = release.breakdowns.assign(facet=release.breakdowns["facet"].replace("concern", name))
    return again(release, about={**release.about, "facets": facets}, breakdowns=cells)


def again(release: Release, **changes: Any) -> Release:
    """A copy that works out anew what it derives."""
    return dataclasses.replace(release, **changes)


def hidden(release: Release) -> Release:
    cells = release.breakdowns
    return again(release, breakdowns=cells[cells["facet"] != "concern"])


def told(release: Release, **config: Any) -> Document:
    return build(release, ReportConfig(detail="brief", sections=("concerns", "privacy", "limits"), **config))


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("named", [None, ("concern",)])
def test_what_was_asked_and_is_hidden_is_said_to_be_so(release: Release, language: Any, named: Any) -> None:
    document = told(hidden(release), language=language, concerns=named)
    (one,) = section(document, "concerns").sections
    assert one.title == "Concern"
    text = said(one)
    question = next(row["question"] for row in release.about["facets"] if row["name"] == "concern")
    assert question in text
    assert ("was asked of every conversation" if language == "en" else "wurde bei jeder Unterhaltung gefragt") in text


def test_an_answer_in_words_is_said_to_stay_private(release: Release) -> None:
    text = said(section(told(renamed(hidden(release), "harm_in_words", kind="text")), "concern-1"))
    assert "answered in words" in text
    assert "Upper steps" not in text


def test_a_name_that_the_run_did_not_ask_is_a_fault(release: Release) -> None:
    with pytest.raises(ConfigError, match="`harrm` was asked") as wrong:
        told(release, concerns=("concern", "harrm"), low_is_harm=("saefty",))
    assert len(wrong.value.faults) == 2


def test_the_fault_is_told_where_the_section_is_left_out_too(release: Release) -> None:
    with pytest.raises(ConfigError, match="harrm"):
        build(release, ReportConfig(sections=("privacy", "limits"), concerns=("harrm",)))


@pytest.mark.parametrize(("name", "harmful"), [
    ("concern", True), ("misuse_risk", True), ("harmful", True), ("flags", True), ("abuse_kind", True),
    ("pharmacy", False), ("charm", False), ("brisk", False), ("flagship_product", False), ("asterisk", False),
    ("safety", False),
])  # fmt: skip
def test_whole_words_of_a_name_tell_of_harm(release: Release, name: str, harmful: bool) -> None:
    assert of_harm(renamed(release, name), ReportConfig()) == ([name] if harmful else [])


def steps_of(document: Document) -> Table:
    tables = [block for block in section(document, "concern-1").blocks if isinstance(block, Table)]
    return next(table for table in tables if table.columns[-1].endswith("at least"))


def test_the_harmful_end_of_a_scale_is_the_configs(release: Release) -> None:
    safety = renamed(release, "safety")
    high = steps_of(told(release))
    assert (high.columns[-1], "(3, 4, 5)" in high.caption) == ("Upper steps, at least", True)
    assert not section(told(safety), "concerns").sections
    low = steps_of(told(safety, low_is_harm=("safety",)))
    assert (low.columns[-1], "(1, 2, 3)" in low.caption) == ("Lower steps, at least", True)
    cells = safety.breakdowns
    for name, count, _ in low.rows:
        cluster = next(key for key in safety.marks() if safety.rows[key]["name"] == name)
        of_it = cells[(cells["cluster_id"] == cluster) & (cells["facet"] == "safety")]
        of_it = of_it[of_it["value"].isin(list("123"))]
        assert count == f"{of_it['conversations'].sum():,}"


def test_every_step_is_in_one_half_only_but_the_middle(release: Release) -> None:
    four = [{"value": str(step)} for step in range(1, 5)]
    scale = renamed(release, "safety", options=four)
    assert "(1, 2)" in steps_of(told(scale, low_is_harm=("safety",))).caption
    assert "(3, 4)" in steps_of(told(scale, concerns=("safety",))).caption


def with_flag(release: Release) -> Release:
    """The same with a question for yes or no, and every answer of both released."""
    shares = {"concern": {"1": 0.5, "3": 0.3, "4": 0.1, "5": 0.1}, "flag": {"yes": 0.25, "no": 0.75}}
    sizes = {"all": sum(release.rows[key]["conversations"] for key in release.marks())}
    sizes |= {key: row["conversations"] for key, row in release.rows.items()}
    cells = [
        {"cluster_id": key, "facet": facet, "value": value, "kind": "value", "conversations": round(size * share),
         "accounts": 9, "share": share}
        for key, size in sizes.items() for facet, of in shares.items() for value, share in of.items()
    ]  # fmt: skip
    rest = release.breakdowns[~release.breakdowns["facet"].isin(shares)]
    facets = [*release.about["facets"], {"name": "flag", "kind": "boolean", "question": "Was it flagged?"}]
    cells = pd.concat([rest, pd.DataFrame(cells)], ignore_index=True)
    return again(release, about={**release.about, "facets": facets}, breakdowns=cells)


def test_two_judgements_of_harm_are_set_against_each_other(release: Release) -> None:
    both = with_flag(release)
    (scatter,) = [block for block in section(told(both), "concerns").blocks if isinstance(block, Picture)]
    assert scatter.key == "concern-against"
    assert "level 0" in scatter.note
    for name, count, concern, flag in scatter.table.rows:
        key = next(key for key in both.marks() if both.rows[key]["name"] == name)
        assert count == f"{both.rows[key]['conversations']:,}"
        near = [float(text.removesuffix(" %")) for text in (concern, flag)]
        size = both.rows[key]["conversations"]
        counted = [sum(round(size * share) for share in shares) for shares in ((0.3, 0.1, 0.1), (0.25,))]
        assert near == pytest.approx([100 * n / size for n in counted], abs=0.6)
    assert scatter.light.count("<path") > len(both.marks())


def test_one_judgement_alone_is_set_against_nothing(release: Release) -> None:
    for one in (release, hidden(with_flag(release))):
        assert not [block for block in section(told(one), "concerns").blocks if isinstance(block, Picture)]
