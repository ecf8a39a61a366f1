from __future__ import annotations

import time
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from clio.privacy._network import Network
from clio.privacy.suppression import ROOT, Cells, People, exposed, primary, shown
from clio.privacy.thresholds import Thresholds
from tests.privacy.people import World, cells_of, draw_world, passes, seeds, thresholds_drawn

shapes = st.fixed_dictionaries(
    {"children": st.integers(1, 4), "values": st.integers(2, 4), "levels": st.integers(2, 3)}
)


def released(world: World, *, adds_up: bool = True) -> tuple[set[tuple[int, int]], dict[tuple[int, int], Counter[int]]]:
    """Which cells the code under test shows, and all cells by account."""
    cells = cells_of(world)
    visible = shown(cells, world.thresholds, adds_up=adds_up, people=lambda: people_of(world))
    return {name for name, seen in zip(names_of(cells), visible, strict=True) if seen}, world.counted()


def names_of(cells: Cells) -> list[tuple[int, int]]:
    return list(zip(cells.node.tolist(), cells.value.tolist(), strict=True))


def people_of(world: World) -> People:
    rows = [
        (place, account, held)
        for place, (_, who) in enumerate(sorted(world.counted().items()))
        for account, held in who.items()
    ]
    return People(*np.array(rows, dtype=np.int64).reshape(-1, 3).T)


def equations(world: World, names: list[tuple[int, int]], *, adds_up: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Every sum a reader knows, over the cells named: rows add up to sizes, children add up to their parent."""
    column = {name: n for n, name in enumerate(names)}
    counted, sizes = world.counted(), world.sizes()
    left: list[np.ndarray] = []
    right: list[float] = []
    for node in sizes if adds_up else ():
        row = np.zeros(len(names))
        row[[column[name] for name in names if name[0] == node]] = 1
        left.append(row)
        right.append(sizes[node].total())
    for node, value in counted:
        below = [(child, value) for child in world.children(node) if (child, value) in column]
        if world.children(node):
            row = np.zeros(len(names))
            row[[column[name] for name in below]] = 1
            row[column[node, value]] = -1
            left.append(row)
            right.append(0)
    return np.array(left), np.array(right)


def bounds_of(
    target: tuple[int, int], world: World, names: list[tuple[int, int]], seen: set[tuple[int, int]], adds_up: bool
) -> tuple[float, float]:
    """Least and most that a cell can hold for someone who knows every sum and every shown cell."""
    counted = world.counted()
    left, right = equations(world, names, adds_up=adds_up)
    limits = [(counted[name].total(),) * 2 if name in seen else (0, None) for name in names]
    found = []
    for sign in (1, -1):
        cost = np.zeros(len(names))
        cost[names.index(target)] = sign
        result = linprog(cost, A_eq=left, b_eq=right, bounds=limits, method="highs")
        assert result.status in (0, 3), result.message
        found.append(sign * result.fun if result.status == 0 else np.inf)
    return found[0], found[1]


@given(seeds, thresholds_drawn, shapes, st.booleans())
def test_every_shown_cell_passes(seed: int, thresholds: Thresholds, shape: dict[str, int], multi: bool) -> None:
    world = draw_world(seed, thresholds, multi=multi, **shape)
    seen, counted = released(world, adds_up=not multi)
    assert all(passes(counted[name], thresholds) for name in seen)


@given(seeds, thresholds_drawn, shapes)
def test_what_one_subtraction_leaves_passes(seed: int, thresholds: Thresholds, shape: dict[str, int]) -> None:
    """In exact accounts, not in the bounds that the code under test uses."""
    world = draw_world(seed, thresholds, **shape)
    seen, counted = released(world)
    sums: dict[tuple[str, int, int], list[tuple[int, int]]] = defaultdict(list)
    for node, value in counted:
        sums["row", node, 0].append((node, value))
        if (world.parent[node], value) in seen:
            sums["column", world.parent[node], value].append((node, value))
    for parts in sums.values():
        hidden = [name for name in parts if name not in seen]
        left = sum((counted[name] for name in hidden), Counter())
        assert not hidden or passes(left, thresholds)
        assert not hidden or len(hidden) == len(parts) or len(hidden) > 1


@given(seeds, thresholds_drawn, shapes)
def test_what_one_subtraction_leaves_passes_where_rows_do_not_add_up(
    seed: int, thresholds: Thresholds, shape: dict[str, int]
) -> None:
    world = draw_world(seed, thresholds, multi=True, **shape)
    seen, counted = released(world, adds_up=False)
    for node, value in seen:
        below = [(child, value) for child in world.children(node) if (child, value) in counted]
        hidden = [name for name in below if name not in seen]
        assert not hidden or passes(sum((counted[name] for name in hidden), Counter()), thresholds)


def interval(held: int, width: int) -> tuple[int, int]:
    """What the rule asks for, written down a second time: see the docstring of clio.privacy.suppression, 3."""
    return (0, width) if held < width else (held - width, held)


@settings(max_examples=60)
@given(seeds, thresholds_drawn, shapes, st.booleans(), st.booleans())
@example(17, Thresholds(5, 2, 0.5), {"children": 4, "values": 4, "levels": 3}, True, False)
def test_no_cell_under_threshold_is_known_too_closely(
    seed: int, thresholds: Thresholds, shape: dict[str, int], knows_empty: bool, multi: bool
) -> None:
    """The attacker solves all sums at once by linear programming; half of them know which cells are empty as well."""
    world = draw_world(seed, thresholds, multi=multi, **shape)
    assume(world.members)
    seen, counted = released(world, adds_up=not multi)
    small = [name for name, who in counted.items() if not passes(who, thresholds)]
    names = list(counted)
    if not knows_empty:
        names = [(node, value) for node in world.sizes() for value in sorted({value for _, value in counted})]
        assume(not multi)
    np.random.default_rng(seed).shuffle(small)
    for target in small[:6]:
        least, most = bounds_of(target, world, names, seen, not multi)
        low, high = interval(counted[target].total(), thresholds.conversations)
        assert least <= low + 1e-6, (target, least, most)
        assert most >= high - 1e-6, (target, least, most)


@settings(max_examples=40)
@given(seeds, thresholds_drawn, st.floats(0.2, 0.9), st.booleans())
def test_exposed_are_exactly_the_cells_known_too_closely(
    seed: int, thresholds: Thresholds, share: float, multi: bool
) -> None:
    """Whatever is public, not only what the code under test would show."""
    world = draw_world(seed, thresholds, children=3, values=3, multi=multi)
    assume(world.members)
    cells, counted = cells_of(world), world.counted()
    public = np.random.default_rng(seed).random(len(cells.node)) < share
    found = exposed(cells, thresholds, public, adds_up=not multi)
    names = names_of(cells)
    seen = {name for name, there in zip(names, public, strict=True) if there}
    for place in np.flatnonzero(~public)[:8]:
        who = counted[names[place]]
        low, high = interval(who.total(), thresholds.conversations)
        least, most = bounds_of(names[place], world, names, seen, not multi)
        close = least > low + 1e-6 or most < high - 1e-6
        assert bool(found[place]) == (close and not passes(who, thresholds))


@settings(max_examples=40)
@given(seeds, thresholds_drawn, thresholds_drawn, shapes, st.booleans())
def test_a_second_release_gives_away_nothing_that_the_first_did_not(
    seed: int, first: Thresholds, second: Thresholds, shape: dict[str, int], multi: bool
) -> None:
    """Same clusters, other thresholds: the attacker holds both releases. A cell hidden in both keeps its interval under
    the second's rule, or at least the whole of what the first release alone left it."""
    strict = Thresholds(*map(max, zip((first.conversations, first.accounts), (second.conversations, second.accounts),
                                      strict=True)), min(first.share, second.share))  # fmt: skip
    world = draw_world(seed, strict, multi=multi, **shape)
    assume(world.members)
    cells, counted, adds_up = cells_of(world), world.counted(), not multi
    people = people_of(world)
    before = shown(cells, first, adds_up=adds_up, people=lambda: people)
    now = shown(cells, second, adds_up=adds_up, known=before, people=lambda: people)
    assert not (now & ~primary(cells, second)).any()
    names = names_of(cells)
    both = {name for name, there in zip(names, before | now, strict=True) if there}
    old = {name for name, there in zip(names, before, strict=True) if there}
    small = [name for name, who in counted.items() if name not in both and not passes(who, second)]
    for target in small[:5]:
        low, high = interval(counted[target].total(), second.conversations)
        least, most = bounds_of(target, world, names, both, adds_up)
        if least > low + 1e-6 or most < high - 1e-6:
            was = bounds_of(target, world, names, old, adds_up)
            assert least <= max(low, was[0]) + 1e-6, (target, was, (least, most))
            assert most >= min(high, was[1]) - 1e-6, (target, was, (least, most))


@settings(max_examples=40)
@given(seeds, thresholds_drawn, shapes, st.booleans())
def test_exact_accounts_hide_less_on_the_whole(
    seed: int, thresholds: Thresholds, shape: dict[str, int], multi: bool
) -> None:
    """What single sums leave over is settled first; with exact numbers every sum that passed by bounds passes still."""
    world = draw_world(seed, thresholds, multi=multi, **shape)
    cells = cells_of(world)
    rough = shown(cells, thresholds, adds_up=not multi)
    exact = shown(cells, thresholds, adds_up=not multi, people=lambda: people_of(world))
    assert exact.sum() >= rough.sum() - 2  # which cells are taken may differ, and with it what they need beside them


def test_a_long_tail_of_single_people_hides_nothing_but_itself() -> None:
    """Twelve values of one person each and two large ones: the rest passes, though its largest cell has one account."""
    rows = [(100 + n, 0, (n,)) for n in range(12)] + [(n, 0, (12 + n % 2,)) for n in range(80)]
    world = World(Thresholds(10, 5, 0.5), [ROOT], rows)
    seen, _ = released(world)
    assert seen == {(0, 12), (0, 13)}
    assert not shown(cells_of(world), world.thresholds).all()
    assert shown(cells_of(world), world.thresholds).sum() < 2


def test_a_long_tail_of_one_loud_person_takes_another_value_along() -> None:
    """The same numbers in the cells, but it is the same person in all of them: no bound may overlook that."""
    rows = [(100, 0, (n,)) for n in range(12)] + [(n, 0, (12 + n % 2,)) for n in range(80)]
    world = World(Thresholds(10, 5, 0.5), [ROOT], rows)
    seen, _ = released(world)
    assert len(seen) < 2


@given(seeds, st.floats(0.1, 0.9), st.booleans())
def test_bridges_are_exactly_the_cells_that_sums_give_away(seed: int, hidden_share: float, multi: bool) -> None:
    world = draw_world(seed, Thresholds(2, 1, 1.0), children=3, values=3, multi=multi)
    assume(world.members)
    cells = cells_of(world)
    hidden = np.random.default_rng(seed).random(len(cells.node)) < hidden_share
    network = Network(cells.node, cells.value, cells.parent, adds_up=not multi)
    bridges = network.bridges(hidden).found
    names = list(zip(cells.node.tolist(), cells.value.tolist(), strict=True))
    seen = {name for name, away in zip(names, hidden, strict=True) if not away}
    assert not (bridges & ~hidden).any()
    for place in np.flatnonzero(hidden)[:6]:
        least, most = bounds_of(names[place], world, names, seen, not multi)
        assert bool(bridges[place]) == (most - least < 1 - 1e-6)


def test_cells_that_may_not_be_named_stay_hidden() -> None:
    world = draw_world(3, Thresholds(2, 1, 1.0))
    cells = cells_of(world)
    allowed = cells.value != 0
    visible = shown(cells, world.thresholds, allowed=allowed)
    assert not (visible & ~allowed).any()
    assert visible.any()


def test_nothing_is_hidden_where_everything_passes() -> None:
    ones = np.full(6, 50, dtype=np.int64)
    cells = Cells(np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1] * 3), ones, ones, ones // 50, np.array([ROOT, 0, 0]))
    assert shown(cells, Thresholds(15, 5, 0.5)).all()


def test_no_cells_at_all() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert not len(shown(Cells(none, none, none, none, none, np.array([ROOT])), Thresholds(15, 5, 0.5)))


def test_a_lone_small_cell_takes_a_rectangle_with_it() -> None:
    """Two clusters, three values, one small cell: its row and its column each give one more, and those close up."""
    world = World(
        Thresholds(10, 2, 0.9),
        [ROOT, 0, 0],
        [(n, leaf, (value,)) for (leaf, value), size in
         {(1, 0): 3, (1, 1): 20, (1, 2): 30, (2, 0): 25, (2, 1): 20, (2, 2): 30}.items() for n in range(size)],
    )  # fmt: skip
    seen, _ = released(world)
    assert seen == {(0, 0), (0, 1), (0, 2), (1, 2), (2, 2)}


def test_the_pair_of_loops_that_single_sums_miss() -> None:
    """Every sum hides two cells, and yet the one that joins two loops could be worked out; here it is not."""
    parent = np.array([ROOT, 0, 0, 0, 0])
    sizes = {
        (1, 0): 20, (1, 1): 20, (2, 0): 20, (2, 1): 20, (1, 2): 3, (2, 5): 90, (1, 5): 90,
        (3, 2): 20, (3, 3): 20, (4, 2): 20, (4, 3): 20, (3, 5): 90, (4, 5): 90,
    }  # fmt: skip
    counts = dict(sizes)
    for (_, value), size in sizes.items():
        counts[0, value] = counts.get((0, value), 0) + size
    node, value = (np.array(column) for column in zip(*counts, strict=True))
    count = np.array(list(counts.values()))
    cells = Cells(node, value, count, count, np.ones_like(count), parent)
    network = Network(node, value, parent, adds_up=True)
    loops = [(1, 0), (1, 1), (2, 0), (2, 1), (1, 2), (3, 2), (3, 3), (4, 2), (4, 3)]
    hidden = np.array([name in loops for name in counts])
    small = list(counts).index((1, 2))
    assert np.flatnonzero(network.bridges(hidden).found).tolist() == [small]
    allowed = ~hidden | (count < 10)
    visible = shown(cells, Thresholds(10, 2, 0.9), allowed=allowed)
    assert not network.bridges(~visible).found[small]


def big_table(clusters: int, values: int) -> Cells:
    """Three levels, long-tailed values."""
    rng = np.random.default_rng(0)
    middle = max(1, clusters // 40)
    parent = np.r_[ROOT, np.zeros(middle, dtype=np.int64), 1 + rng.integers(0, middle, clusters)]
    used = np.unique(parent[1 + middle :])
    parent[1:][~np.isin(np.arange(1, 1 + middle), used).nonzero()[0]] = 0
    base = rng.dirichlet(1 / np.arange(1, values + 1), clusters)
    size = 15 + rng.geometric(1 / 150, clusters)
    counts = np.array([rng.multinomial(n, p) for n, p in zip(size, base, strict=True)])
    accounts = np.ceil(counts * 0.7).astype(np.int64)
    largest = np.minimum(counts, 1 + counts // 5)
    table = {1 + middle + n: (counts[n], accounts[n], largest[n]) for n in range(clusters)}
    above = np.zeros((middle, 3, values), dtype=np.int64)
    for n in range(clusters):
        above[parent[1 + middle + n] - 1] += (counts[n], accounts[n], largest[n])
    table |= {1 + n: tuple(above[n]) for n in range(middle)}
    table[0] = tuple(above.sum(axis=0))
    node = np.repeat(np.array(list(table)), values)
    value = np.tile(np.arange(values), len(table))
    stacked = np.array(list(table.values())).transpose(1, 0, 2).reshape(3, -1)
    there = stacked[0] > 0
    return Cells(node[there], value[there], *(column[there] for column in stacked), parent=parent)


@pytest.mark.parametrize("adds_up", [True, False])
def test_suppression_takes_a_small_multiple_of_one_look_at_the_network(adds_up: bool) -> None:
    """A ratio, so that a busy machine does not matter: hiding may take at most some hundred walks of the network."""
    cells = big_table(1000, 20)
    thresholds = Thresholds(15, 5, 0.5)
    times: list[float] = []
    for _ in range(3):
        start = time.process_time()
        Network(cells.node, cells.value, cells.parent, adds_up=adds_up).bridges(np.ones(len(cells.node), np.bool_))
        walked = time.process_time()
        visible = shown(cells, thresholds, adds_up=adds_up)
        times.append((time.process_time() - walked) / (walked - start))
    assert visible.sum() > 0.1 * primary(cells, thresholds).sum()
    assert min(times) < 400, times
