"""The benchmark's own parts: a release that the explorer reads, and the tables as they stand in docs/."""

from __future__ import annotations

from benchmarks.explorer import as_markdown, scene
from benchmarks.explorer_pages import release_of
from clio.explore.colours import options
from clio.explore.release import load
from clio.explore.slices import answer


def test_the_made_release_is_one_that_the_explorer_reads(tmp_path):
    clusters, squares, _ = scene("clusters", 60)
    release = load(release_of(tmp_path / "release", clusters, squares))
    assert len(release.rows) == len(clusters)
    assert (release.clusters["level"] == 0).sum() == 60
    assert len(release.weeks) == 12
    assert {"area", "growth"} <= set(options(release))
    assert len(answer(release, [("language", ("German",))]).cells) == len(release.rows) + 1


def test_tables_are_printed_as_they_stand_in_the_docs():
    ours = {"first_paint_s": 0.814, "ten_zoom_steps_s": 0.48, "longest_frame_s": 0.05, "lasso_s": 0.2}
    theirs = {"first_paint_s": 0.8, "ten_zoom_steps_s": 21.64, "longest_frame_s": 0.08, "lasso_s": None}
    row = {"what": "points", "n": 1_000_000, "map": ours, "plotly": theirs}
    page = {"n": 5000, "with_levels": 5440, "first_page_s": 2.5, "selection_s": 0.5, "search_s": 1.3}
    page |= {"read_release_s": 0.1, "first_search_by_meaning_s": None}
    told = as_markdown("two cores", [row], [page]).splitlines()
    assert "| 1,000,000 points | 0.81 (0.80) | 0.48 (21.6) | 0.05 (0.08) | 0.20 (not within a minute) |" in told
    assert "| 5,000 clusters (5,440 with levels) | 2.50 | 0.50 | 1.30 | 0.10 | model not here |" in told
