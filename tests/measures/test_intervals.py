import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from clio.measures import benjamini_hochberg, concentration, log_ratio, wilson
from clio.measures.intervals import Side, bounded_ratio


def test_wilson_gives_the_published_values():
    # Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3, and 0/20, 1/29.
    low, high = wilson([81, 15, 0, 1], [263, 148, 20, 29])
    assert low.round(4).tolist() == [0.2553, 0.0624, 0.0, 0.0061]
    assert high.round(4).tolist() == [0.3662, 0.1605, 0.1611, 0.1718]


@given(st.integers(1, 400), st.data(), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_is_scipys(total, data, level):
    count = data.draw(st.integers(0, total))
    low, high = wilson(count, total, level=level)
    known = stats.binomtest(count, total).proportion_ci(level, method="wilson")
    assert (float(low), float(high)) == pytest.approx((known.low, known.high), abs=1e-9)


@given(st.integers(1, 300), st.integers(1, 5), st.data())
def test_fewer_independent_units_widen_wilson(total, effect, data):
    count = data.draw(st.integers(0, total))
    low, high = wilson(count, total)
    wide_low, wide_high = wilson(count, total, effective=total / effect)
    assert wide_low <= low + 1e-12
    assert wide_high >= high - 1e-12
    assert wide_low <= count / total <= wide_high


def test_more_units_than_conversations_do_not_narrow_wilson():
    assert wilson(10, 40, effective=4000) == wilson(10, 40)


def test_nothing_counted_has_no_interval():
    low, high = wilson([0, np.nan], [0, 10])
    assert np.isnan(low).all()
    assert np.isnan(high).all()


def test_wilson_covers_where_accounts_bring_several_conversations():
    rng = np.random.default_rng(3)
    # 150 accounts with 4 conversations each, all of a kind: 600 conversations are 150 independent ones.
    hits = rng.random((2000, 150)) < 0.15
    count = 4 * hits.sum(1)
    covered = {}
    for name, units in (("accounts", count / 4 / (count / 600)), ("conversations", np.full(2000, 600.0))):
        low, high = wilson(count, 600, effective=np.minimum(units, 600) if name == "conversations" else 150)
        covered[name] = float(np.mean((low <= 0.15) & (high >= 0.15)))
    assert covered["accounts"] > 0.93
    assert covered["conversations"] < 0.75


def test_log_ratio_gives_the_value_worked_by_hand():
    found = log_ratio(30, 100, 15, 120)
    log = np.log(30.5 / 100.5) - np.log(15.5 / 120.5)
    spread = np.sqrt(1 / 30.5 - 1 / 100.5 + 1 / 15.5 - 1 / 120.5)
    assert float(found.ratio) == pytest.approx(0.3 / 0.125)
    assert float(found.low) == pytest.approx(np.exp(log - 1.959964 * spread), rel=1e-6)
    assert float(found.high) == pytest.approx(np.exp(log + 1.959964 * spread), rel=1e-6)
    assert float(found.p) == pytest.approx(2 * stats.norm.sf(abs(log) / spread))


def test_log_ratio_covers_and_keeps_its_level():
    rng = np.random.default_rng(5)
    one, other = rng.binomial(300, 0.12, 4000), rng.binomial(900, 0.06, 4000)
    found = log_ratio(one, 300, other, 900)
    assert 0.94 < np.mean((found.low <= 2) & (found.high >= 2)) < 0.965
    same = log_ratio(rng.binomial(300, 0.06, 4000), 300, other, 900)
    assert np.mean(same.p < 0.05) < 0.06


@given(st.integers(0, 60), st.integers(0, 60))
def test_turning_a_comparison_round_turns_its_ratio_round(a, b):
    one, other = log_ratio(a, 80, b, 70), log_ratio(b, 70, a, 80)
    assert float(one.ratio) == pytest.approx(1 / float(other.ratio))
    assert float(one.low) == pytest.approx(1 / float(other.high))
    assert float(one.p) == pytest.approx(float(other.p))


@given(st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), max_size=40))
def test_benjamini_hochberg_is_scipys_and_leaves_gaps(p):
    values = np.array(p)
    there = ~np.isnan(values)
    q = benjamini_hochberg(values)
    assert np.isnan(q[~there]).all()
    if there.any():
        assert q[there] == pytest.approx(stats.false_discovery_control(values[there], method="bh"))


def test_benjamini_hochberg_finds_what_their_paper_finds():
    # Benjamini and Hochberg (1995), section 3.1: fifteen p values, four found at 0.05.
    p = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
        *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
    ]
    assert int((benjamini_hochberg(p) <= 0.05).sum()) == 4


@given(st.integers(0, 30), st.integers(0, 40), st.integers(0, 30), st.integers(0, 40), st.data())
def test_a_hidden_count_is_never_said_more_of_than_every_value_it_can_have(a, more_a, b, more_b, data):
    def side(least, most, total):
        return Side(*(np.array([float(v)]) for v in (least, most, total, 1.5)))

    found = bounded_ratio(side(a, a + more_a, 100), side(b, b + more_b, 90))
    true = data.draw(st.integers(a, a + more_a)), data.draw(st.integers(b, b + more_b))
    exact = log_ratio(true[0], 100, true[1], 90, effective=100 / 1.5, other_effective=90 / 1.5)
    assert found.p >= exact.p - 1e-12
    if not np.isnan(found.low):
        assert found.low <= exact.low + 1e-12
        assert found.high >= exact.high - 1e-12
    assert np.isnan(found.ratio) == bool(more_a or more_b)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=30), st.lists(st.integers(1, 20), max_size=10))
def test_concentration_bounds_hold_whatever_is_hidden(shown, hidden):
    found = concentration(shown, hidden=sum(hidden))
    sizes = np.array(shown + hidden)
    true = sizes.sum() ** 2 / (sizes**2).sum()
    assert found.bounds[0] - 1e-9 <= true <= found.bounds[1] + 1e-9
    mean = np.mean(shown)
    brute = np.abs(np.subtract.outer(shown, shown)).mean() / (2 * mean)
    assert found.gini == pytest.approx(brute, abs=1e-9)


def test_concentration_of_nothing_is_nothing():
    assert np.isnan(concentration([]).effective_number)
    assert concentration([25, 25, 25, 25]).effective_number == 4
    with pytest.raises(ValueError, match="negative"):
        concentration([-1])


@given(
    data=st.data(),
    total=st.sampled_from([20, 100, 500]),
    other=st.sampled_from([20, 90, 400]),
    effect=st.sampled_from([1.0, 1.5, 3.0]),
)
@example(data=None, total=20, other=400, effect=3.0)
def test_bounds_hold_at_every_pair_of_counts_within_them(data, total, other, effect):
    if data is None:  # where an end of the interval turns between the bounds
        a, more_a, b, more_b = 15, 5, 182, 8
    else:
        a, b = data.draw(st.integers(0, total)), data.draw(st.integers(0, other))
        more_a, more_b = data.draw(st.integers(0, min(15, total - a))), data.draw(st.integers(0, min(15, other - b)))
    one = Side(*(np.array([float(v)]) for v in (a, a + more_a, total, effect)))
    two = Side(*(np.array([float(v)]) for v in (b, b + more_b, other, effect)))
    found = bounded_ratio(one, two)
    counts, others = (grid.ravel() for grid in np.meshgrid(np.arange(a, a + more_a + 1), np.arange(b, b + more_b + 1)))
    exact = log_ratio(counts, total, others, other, effective=total / effect, other_effective=other / effect)
    assert found.p >= exact.p.max() - 1e-12
    if not np.isnan(found.low):
        assert found.low <= exact.low.min() + 1e-12
        assert found.high >= exact.high.max() - 1e-12
