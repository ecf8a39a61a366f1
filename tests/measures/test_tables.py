import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio import measures
from tests.measures.releases import monday, people, release


@pytest.fixture(scope="module")
def plain():
    return release(people(), ("language", "concern", "flag"))


def planted(seed=1, **change):
    """People of whom base 0 writes German twice as often and grows week by week, while base 1 falls away in the end."""
    rows = people(seed, n=6000)
    rng = np.random.default_rng(seed)
    german = (rows["base"] == 0) & (rng.random(len(rows)) < 0.45)
    rows.loc[german, "language"] = "de"
    rows.loc[rows["base"] == 0, "week"] = rng.choice(10, (rows["base"] == 0).sum(), p=np.arange(3, 13) / 75)
    late = (rows["base"] == 1) & (rows["week"] >= 5) & (rng.random(len(rows)) < 0.5)
    return release(rows[~late].reset_index(drop=True), ("language", "concern", "flag"), **change)


def test_shares_of_clusters_add_up_and_their_intervals_hold_them(plain):
    frame = measures.cluster_shares(plain.clusters, 0)
    assert frame["share"].sum() == pytest.approx(1)
    assert ((frame["low"] < frame["share"]) & (frame["share"] < frame["high"])).all()
    assert frame["conversations"].is_monotonic_decreasing


def test_a_level_that_is_not_there_is_the_nearest_one(plain):
    assert set(measures.cluster_shares(plain.clusters, 9)["cluster_id"].str[0]) == {"1"}
    assert set(measures.cluster_shares(plain.clusters)["cluster_id"].str[0]) == {"1"}


def test_what_is_hidden_of_a_facet_has_no_number(plain):
    smallest = measures.cluster_shares(plain.clusters, 0)["cluster_id"].iloc[-1]
    frame = measures.facet_shares(plain.breakdowns, plain.clusters, "language", smallest)
    assert "pt" not in set(frame["value"])
    last = frame.iloc[-1]
    assert last["status"] == "not shown"
    assert "not shown" in last["reason"]
    assert frame.loc[frame["status"] == "not shown", ["conversations", "share", "low", "high"]].isna().all(axis=None)


def test_a_remainder_that_is_released_is_one_row_at_the_end():
    found = release(people(), ("concern",), least=100)
    frame = measures.facet_shares(found.breakdowns, found.clusters, "concern", "1-0000")
    assert frame["status"].tolist() == ["shown", "shown", "other"]
    assert frame["conversations"].sum() == (found.people["top"] == 0).sum()


def test_a_facet_of_several_values_has_no_remainder(plain):
    several = plain.breakdowns.assign(facet="subjects")
    frame = measures.facet_shares(several, plain.clusters, "subjects", "0-0001", adds_up=False)
    assert set(frame["status"]) == {"shown"}


def test_values_with_a_natural_order_keep_it_and_no_answer_comes_last(plain):
    assert measures.facet_shares(plain.breakdowns, plain.clusters, "concern")["value"].tolist() == [
        "1",
        "2",
        "3",
        "n/a",
    ]
    assert measures.facet_shares(plain.breakdowns, plain.clusters, "language")["value"].tolist()[:3] == [
        "en",
        "de",
        "fr",
    ]


def test_what_is_planted_is_found_and_what_is_not_is_not():
    found = planted()
    frame = measures.representation(found.breakdowns, found.clusters, "0-0000")
    german = frame[(frame["facet"] == "language") & (frame["value"] == "de")].iloc[0]
    assert german["verdict"] == "over"
    inside = found.people[found.people["base"] == 0]["language"] == "de"
    outside = found.people[found.people["base"] != 0]["language"] == "de"
    assert german["ratio"] == pytest.approx(inside.mean() / outside.mean())
    assert german["low"] < german["ratio"] < german["high"]
    assert frame.iloc[0]["verdict"] in ("over", "under")
    other = measures.representation(found.breakdowns, found.clusters, "0-0005")
    assert not set(other["verdict"]) & {"over", "under"}


def test_false_findings_stay_rare_where_nothing_differs():
    found = [
        measures.representation(r.breakdowns, r.clusters, cluster)["verdict"].isin(["over", "under"]).any()
        for seed in range(15)
        for r in [release(people(seed, n=1500), ("language", "concern", "flag"))]
        for cluster in ("1-0000", "1-0002")
    ]
    assert np.mean(found) <= 0.15


def test_the_whole_has_no_rest_to_be_compared_with(plain):
    assert set(measures.representation(plain.breakdowns, plain.clusters, "all")["verdict"]) == {"not shown"}
    assert not len(measures.representation(plain.breakdowns, plain.clusters, "0-9999"))


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(15, 80))
def test_no_verdict_on_a_hidden_cell_is_wrong_about_the_count_it_had(seed, least):
    rows = people(seed, n=900)
    mine = rows["base"] == 0
    rows.loc[mine, "language"] = np.random.default_rng(seed).choice(["en", "de"], mine.sum(), p=[0.97, 0.03])
    hidden, full = release(rows, least=least), release(rows, least=1)
    said = measures.representation(hidden.breakdowns, hidden.clusters, "0-0000").set_index("value")
    true = measures.representation(full.breakdowns, full.clusters, "0-0000").set_index("value")
    clear = said[(said["status"] == "not shown") & said["verdict"].isin(["over", "under"])]
    for value, row in clear.iterrows():
        assert (true.loc[value, "ratio"] > 1) == (row["verdict"] == "over")
        assert true.loc[value, "p"] <= row["p"] + 1e-12


def test_the_matrix_holds_every_cell_once_and_hides_what_is_hidden(plain):
    frame = measures.facet_matrix(plain.breakdowns, plain.clusters, "language", level=0)
    assert not frame.duplicated(["cluster_id", "value"]).any()
    assert len(frame) == 12 * frame["value"].nunique()
    assert (frame["share"].isna() == (frame["status"] == "not shown")).all()
    assert (frame["status"] == "not shown").any()
    one = frame[(frame["cluster_id"] == "0-0003") & (frame["value"] == "de")].iloc[0]
    known = plain.people[plain.people["base"] == 3]["language"] == "de"
    assert one["share"] == pytest.approx(known.mean())


def test_slices_find_where_a_language_gathers():
    found = planted()
    frame = measures.compare_slices(found.breakdowns, found.clusters, "language", "de", "en", level=0)
    assert frame.iloc[0][["cluster_id", "verdict"]].tolist() == ["0-0000", "over"]
    german, english = (found.people[found.people["language"] == v]["base"] == 0 for v in ("de", "en"))
    assert frame.iloc[0]["ratio"] == pytest.approx(german.mean() / english.mean())
    assert not len(measures.compare_slices(found.breakdowns, found.clusters, "language", "de", "xx"))


def test_two_runs_are_compared_by_their_facets():
    changed = people(2)
    changed.loc[changed.index % 5 == 0, "language"] = "de"
    one, other = release(people(1)), release(changed)
    same = measures.compare_runs((one.breakdowns, one.clusters), (one.breakdowns, one.clusters), "language")
    assert set(same["verdict"]) <= {"not clear", "not shown"}
    frame = measures.compare_runs((one.breakdowns, one.clusters), (other.breakdowns, other.clusters), "language")
    german = frame.set_index("value").loc["de"]
    assert german["share_one"] == pytest.approx((one.people["language"] == "de").mean())
    assert german["verdict"] == "under"


def test_the_band_holds_most_weeks_of_a_steady_cluster_and_not_all_of_one_that_grows():
    inside = np.concatenate(
        [
            ~measures.weekly(r.trends, r.clusters, f"1-000{top}")["outside"]
            for seed in range(12)
            for r in [release(people(seed))]
            for top in range(4)
        ]
    )
    assert 0.92 < inside.mean() < 0.985
    grown = planted()
    assert measures.weekly(grown.trends, grown.clusters, "0-0000")["outside"].sum() >= 2


def test_a_week_that_is_not_shown_is_a_gap_and_no_zero():
    rows = people(3)
    gone = (rows["base"] == 2) & (rows["week"] == 4) & (np.arange(len(rows)) % 3 > 0)
    found = release(rows[~gone].reset_index(drop=True))
    frame = measures.weekly(found.trends, found.clusters, "0-0002").set_index("week")
    assert frame.loc[monday(4), "status"] == "not shown"
    assert np.isnan(frame.loc[monday(4), "conversations"])
    assert frame.loc[monday(4), "expected"] > 0
    assert not frame.loc[monday(4), "outside"]
    without = found.trends[found.trends["week"] != monday(5)]
    assert monday(5) in set(measures.weekly(without, found.clusters, "0-0002")["week"])


def test_growth_is_that_of_a_poisson_regression():
    found = planted()
    frame = measures.growth(found.trends, found.clusters, level=0).set_index("cluster_id")
    assert frame.index[0] == "0-0000"
    assert frame.loc["0-0000", "verdict"] == "over"
    # Against a plain maximisation of the likelihood.
    from scipy.optimize import minimize

    shown = measures.weekly(found.trends, found.clusters, "0-0000").dropna(subset="conversations")
    x, count, total = (np.asarray(v, float) for v in (shown.index, shown["conversations"], shown["week_total"]))

    def loss(at):
        rate = at[0] + at[1] * x
        return float((total * np.exp(rate) - count * rate).sum())

    best = minimize(
        loss, [np.log(count.sum() / total.sum()), 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-9}
    )
    assert frame.loc["0-0000", "per_week"] == pytest.approx(np.exp(best.x[1]), rel=1e-5)


def test_growth_is_not_told_of_few_weeks_and_rarely_found_where_there_is_none():
    short = release(people(0, weeks=3))
    assert set(measures.growth(short.trends, short.clusters)["verdict"]) == {"not shown"}
    found = [
        (measures.growth(r.trends, r.clusters, level=1)["p"] < 0.05).to_numpy()
        for seed in range(25)
        for r in [release(people(seed))]
    ]
    assert np.mean(found) < 0.09


def test_movement_finds_what_fell_away_and_hides_what_it_cannot_know():
    found = planted()
    before, after = measures.split_weeks(found.trends, monday(5))
    assert (len(before), len(after)) == (5, 5)
    frame = measures.movement(found.trends, found.clusters, before, after, level=0).set_index("cluster_id")
    assert frame.loc["0-0001", "verdict"] == "under"
    assert frame.loc["0-0000", "verdict"] == "over"
    rows = found.people
    shown = frame[frame["status"] == "shown"].index[0]
    late = rows["week"] >= monday(5)
    mine = rows["base"] == int(shown[2:])
    first, then = (mine & ~late).sum() / (~late).sum(), (mine & late).sum() / late.sum()
    assert frame.loc[shown, "ratio"] == pytest.approx(then / first)
    coarse = planted(least=60)
    hidden = measures.movement(coarse.trends, coarse.clusters, before, after, level=0)
    assert (hidden["status"] == "not shown").any()
    assert hidden.loc[hidden["status"] == "not shown", "ratio"].isna().all()


def test_a_period_without_weeks_tells_nothing(plain):
    frame = measures.movement(plain.trends, plain.clusters, [], [monday(1)])
    assert set(frame["verdict"]) == {"not shown"}
    assert frame["share_before"].isna().all()


def test_the_week_of_the_date_is_in_neither_part(plain):
    before, after = measures.split_weeks(plain.trends, "2026-01-21")
    assert before[-1] == "2026-01-12"
    assert after[0] == "2026-01-26"
    assert measures.split_weeks(plain.trends, "2026-01-19")[1][0] == "2026-01-19"


def test_concern_and_flag_are_bounds_where_values_are_hidden(plain):
    frame = measures.concern_flag(plain.breakdowns, plain.clusters, high=("3",), level=1).set_index("cluster_id")
    rows = plain.people
    for key, row in frame.iterrows():
        mine = rows[rows["top"] == int(key[2:])]
        assert row["concern"] == pytest.approx((mine["concern"] == "3").mean())
        assert row["flag"] == pytest.approx((mine["flag"] == "yes").mean())
    hidden = measures.concern_flag(plain.breakdowns, plain.clusters, high=("3", "4"), level=0)
    assert (hidden["concern_low"] <= hidden["concern_high"]).all()
    assert (hidden.loc[hidden["status"] == "not shown", ["concern", "flag"]].isna().any(axis=1)).all()


@pytest.mark.parametrize("name", ["cluster_shares", "growth"])
def test_a_release_of_nothing_gives_empty_frames(plain, name):
    nothing = plain.clusters.iloc[:0]
    given_tables = (nothing,) if name == "cluster_shares" else (plain.trends.iloc[:0], nothing)
    assert not len(getattr(measures, name)(*given_tables))
    assert not len(measures.weekly(plain.trends.iloc[:0], nothing))
    assert not len(measures.representation(plain.breakdowns.iloc[:0], nothing, "all"))
    assert not len(measures.facet_matrix(plain.breakdowns.iloc[:0], nothing, "language"))
    assert not len(measures.facet_shares(plain.breakdowns.iloc[:0], nothing, "language"))
    assert isinstance(measures.concern_flag(plain.breakdowns.iloc[:0], nothing), pd.DataFrame)


def tagged() -> tuple[pd.DataFrame, pd.DataFrame]:
    """All 200 conversations of a cluster have the tag a; how many have b as well is hidden there."""
    clusters = pd.DataFrame(
        {"cluster_id": ["0-0000", "0-0001"], "level": 0, "parent_id": None, "name": ["one", "two"],
         "conversations": [200, 800], "accounts": [200, 800]}
    )  # fmt: skip
    cells = [("all", "a", 900), ("all", "b", 400), ("0-0000", "a", 200), ("0-0001", "a", 700), ("0-0001", "b", 300)]
    breakdowns = pd.DataFrame(
        [{"cluster_id": c, "facet": "tags", "value": v, "kind": "value", "conversations": n, "accounts": n,
          "share": 0.1} for c, v, n in cells]
    )  # fmt: skip
    return breakdowns, clusters


def test_where_values_do_not_add_up_what_is_shown_bounds_nothing_that_is_hidden():
    breakdowns, clusters = tagged()
    wrong = measures.representation(breakdowns, clusters, "0-0000").set_index("value").loc["b"]
    assert wrong["verdict"] == "under"  # of one value a conversation nothing would be left for b
    said = measures.representation(breakdowns, clusters, "0-0000", several=["tags"]).set_index("value").loc["b"]
    assert said["verdict"] not in ("over", "under")
    one = measures.compare_slices(breakdowns, clusters, "tags", "b", "a", level=0).set_index("cluster_id")
    assert one.loc["0-0000", "verdict"] == "under"
    other = measures.compare_slices(breakdowns, clusters, "tags", "b", "a", level=0, adds_up=False)
    assert other.set_index("cluster_id").loc["0-0000", "verdict"] not in ("over", "under")
    only_a = breakdowns[breakdowns["cluster_id"] == "0-0000"]
    runs = (only_a.assign(value="b"), clusters), (only_a, clusters)
    for adds_up in (True, False):
        frame = measures.compare_runs(*runs, "tags", cluster_id="0-0000", adds_up=adds_up).set_index("value")
        assert (frame.loc["b", "verdict"] == "over") is adds_up
