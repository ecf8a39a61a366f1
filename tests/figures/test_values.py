"""What is drawn, against counts of the people a release was made of, taken by hand."""

import numpy as np
import pandas as pd
import pytest

from clio import figures, measures
from clio.figures.colour import colours
from tests.measures.releases import monday, people, release

pytest.importorskip("plotly", reason="plotly is not installed (extra app)")


@pytest.fixture(scope="module")
def rows():
    """People of whom those in cluster 1-0001 write German, are of concern, and come ever later."""
    found = people(1, n=4000)
    rng = np.random.default_rng(2)
    there = found["top"] == 1
    found.loc[there, "language"] = rng.choice(["en", "de"], int(there.sum()), p=[0.2, 0.8])
    found.loc[there, "concern"] = rng.choice(["1", "3"], int(there.sum()), p=[0.4, 0.6])
    late = 1.3 ** np.arange(10)
    found.loc[there, "week"] = rng.choice(10, int(there.sum()), p=late / late.sum())
    return found


@pytest.fixture(scope="module")
def made(rows):
    return release(rows, ("language", "concern", "flag"), least=1)


def by_key(figure, axis="x"):
    """What marks stand at, by the key that they carry."""
    found = {}
    for trace in figure.data:
        if trace.customdata is not None and trace.type in ("scatter", "bar"):
            keys = [entry[0] for entry in trace.customdata]
            found |= dict(zip(keys, np.array(getattr(trace, axis), float), strict=True))
    return found


def share(rows, **where):
    chosen = np.ones(len(rows), dtype=bool)
    for column, values in where.items():
        chosen &= rows[column].isin(values).to_numpy()
    return float(chosen.mean())


def test_concern_stands_against_flag_as_counted(rows, made):
    found = figures.concern_figure(made.breakdowns, made.clusters, high=("2", "3"), level=1)
    for top in range(4):
        own = rows[rows["top"] == top]
        key = f"1-{top:04d}"
        assert by_key(found.figure)[key] == pytest.approx(share(own, concern=["2", "3"]))
        assert by_key(found.figure, "y")[key] == pytest.approx(share(own, flag=["yes"]))
    (marks,) = found.figure.data
    keys = [entry[0] for entry in marks.customdata]
    counts = [int((rows["top"] == int(key[2:])).sum()) for key in keys]
    assert np.argsort(marks.marker.size).tolist() == np.argsort(counts).tolist()


def test_a_cluster_of_hidden_concern_is_an_open_mark_over_all_it_can_be(rows):
    few = rows[~((rows["top"] == 2) & (rows["concern"] == "3") & (np.arange(len(rows)) % 4 > 0))]
    least = int(((few["top"] == 2) & (few["concern"] == "3")).sum()) + 1
    hidden = release(few.reset_index(drop=True), ("concern", "flag"), least=least)
    found = figures.concern_figure(hidden.breakdowns, hidden.clusters, high=("3",), level=1)
    (marks,) = [t for t in found.figure.data if t.marker.symbol == "circle-open"]
    place = [entry[0] for entry in marks.customdata].index("1-0002")
    size = int((few["top"] == 2).sum())
    left = size - sum(
        int(n) for value, n in few[few["top"] == 2]["concern"].value_counts().items() if n >= least and value != "3"
    )
    assert marks.x[place] - marks.error_x.array[place] == pytest.approx(0)
    assert marks.x[place] + marks.error_x.array[place] == pytest.approx(left / size)
    truth = float((few[few["top"] == 2]["concern"] == "3").mean())
    assert 0 <= truth <= marks.x[place] + marks.error_x.array[place]


def test_crossed_cells_are_counts_and_small_ones_gaps(rows):
    pairs = rows.assign(crossed=rows["language"] + " x " + rows["concern"])
    one = release(pairs, ("language", "concern"), least=150)
    crossed = release(pairs, ("crossed",), least=150).breakdowns.assign(facet="language x concern")
    cells = pd.concat([one.breakdowns, crossed], ignore_index=True)
    counts = figures.crossed_figure(cells, one.clusters, "language", "concern").figure.data[0]
    ratios = figures.crossed_figure(cells, one.clusters, "language", "concern", measure="ratio").figure.data[0]
    seen = set()
    for row in range(len(counts.y)):
        for column in range(len(counts.x)):
            language, concern = counts.customdata[row][column]
            n = int(((rows["language"] == language) & (rows["concern"] == concern)).sum())
            seen.add(n >= 150)
            expected = share(rows, language=[language]) * share(rows, concern=[concern]) * len(rows)
            if n >= 150:
                assert counts.z[row][column] == n
                assert 2 ** ratios.z[row][column] == pytest.approx(n / expected)
                assert f"{n:,} conversations" in counts.hovertext[row][column]
            else:
                assert np.isnan(counts.z[row][column])
    assert seen == {True, False}


def test_what_sets_a_cluster_apart_is_as_many_times_as_common_as_counted(rows, made):
    found = figures.representation_figure(made.breakdowns, made.clusters, "1-0001", facets=["language"])
    own, rest = rows[rows["top"] == 1], rows[rows["top"] != 1]
    drawn = by_key(found.figure)
    for value in ("en", "de"):
        counted = share(own, language=[value]) / share(rest, language=[value])
        assert drawn[value] == pytest.approx(counted, rel=0.02)
    tones = {entry[0]: trace.marker.color for trace in found.figure.data for entry in trace.customdata}
    assert (tones["de"], tones["en"]) == (colours("light").over, colours("light").under)


def test_movement_is_the_later_share_over_the_earlier(rows, made):
    before, after = [monday(n) for n in range(5)], [monday(n) for n in range(5, 10)]
    found = figures.movement_figure(made.trends, made.clusters, before, after, level=1)
    drawn = by_key(found.figure)
    for top in range(4):
        early, late = (float((part["top"] == top).mean()) for part in (rows[rows["week"] < 5], rows[rows["week"] >= 5]))
        assert drawn[f"1-{top:04d}"] == pytest.approx(late / early, rel=0.02)
    assert found.figure.data[0].customdata[0][0] == "1-0001"


def test_growth_finds_the_factor_that_was_planted(rows, made):
    found = figures.growth_figure(made.trends, made.clusters, level=1)
    drawn = by_key(found.figure)
    total, own = (part.groupby("week").size() for part in (rows, rows[rows["top"] == 1]))
    slope = np.polyfit(np.arange(10), np.log(own / total), 1, w=np.sqrt(own))[0]
    assert drawn["1-0001"] == pytest.approx(np.exp(slope), abs=0.02)
    frame = measures.growth(made.trends, made.clusters, level=1).set_index("cluster_id")
    assert drawn == pytest.approx(frame["per_week"].to_dict())
    (trace,) = [t for t in found.figure.data if "1-0001" in [entry[0] for entry in t.customdata]]
    place = [entry[0] for entry in trace.customdata].index("1-0001")
    low, high = frame.loc["1-0001", ["low", "high"]]
    assert trace.x[place] - trace.error_x.arrayminus[place] == pytest.approx(low)
    assert trace.x[place] + trace.error_x.array[place] == pytest.approx(high)


@pytest.mark.parametrize(("key", "measure"), [("1-0001", "share"), ("1-0001", "conversations"), ("all", "share")])
def test_the_band_is_that_of_the_measure(rows, made, key, measure):
    found = figures.trend_figure(made.trends, made.clusters, [key], measure=measure)
    low, high = (trace for trace in found.figure.data if trace.name == "band")
    line = found.figure.data[-1]
    frame = measures.weekly(made.trends, made.clusters, key)
    over = frame["week_total"] if measure == "share" and key != "all" else 1.0
    assert list(low.y) == pytest.approx((frame["low"] / over).tolist())
    assert list(high.y) == pytest.approx((frame["high"] / over).tolist())
    assert high.fill == "tonexty"
    assert low.fill is None
    whole = key == "all"
    counted = (rows if whole else rows[rows["top"] == 1]).groupby("week").size()
    weeks = 1.0 if whole or measure == "conversations" else rows.groupby("week").size()
    assert list(line.y) == pytest.approx((counted / weeks).tolist())
    marked = [width > 0 for width in line.marker.line.width]
    assert marked == ((frame["conversations"] < frame["low"]) | (frame["conversations"] > frame["high"])).tolist()


def test_nineteen_of_twenty_steady_weeks_lie_within_the_band():
    steady = release(people(5, n=6000, weeks=20), ("language",), least=1)
    inside = []
    for key in (f"0-{n:04d}" for n in range(12)):
        low, high, line = figures.trend_figure(steady.trends, steady.clusters, [key]).figure.data
        values = np.array(line.y, float)
        inside += list((values >= np.array(low.y, float)) & (values <= np.array(high.y, float)))
    assert 0.92 <= np.mean(inside) <= 0.98


def test_slices_and_runs_are_ratios_of_shares(rows, made):
    sliced = by_key(figures.slices_figure(made.breakdowns, made.clusters, "language", "de", "en", level=1).figure)
    for top in range(4):
        one, other = (float((rows[rows["language"] == value]["top"] == top).mean()) for value in ("de", "en"))
        assert sliced[f"1-{top:04d}"] == pytest.approx(one / other, rel=0.03)
    later = rows[rows["top"] != 1].reset_index(drop=True)
    second = release(later, ("language",), least=1)
    drawn = by_key(
        figures.runs_figure((made.breakdowns, made.clusters), (second.breakdowns, second.clusters), "language").figure
    )
    for value in ("en", "de"):
        assert drawn[value] == pytest.approx(share(rows, language=[value]) / share(later, language=[value]), rel=0.02)
