"""The ledger: what is bought is on file at once, and the budget holds whatever the order."""

from __future__ import annotations

import json
import math
import random
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio.config.facets import Facet
from clio.config.prices import PriceConfig
from clio.errors import BudgetError, ModelError, ModelSetupError, RunError
from clio.models.ledger import FILE, Ledger, Reservation, facet_shares, most_input_tokens, usd
from clio.models.protocol import Request, Usage
from clio.prompts.facets import shipped

PRICES = {
    "small": PriceConfig(input=1, output=5),
    "strong": PriceConfig(input=4, output=20, cache_read=0.2, cache_write=5),
    "free": PriceConfig(input=0, output=0),
}
USAGE = Usage(100, 20, 300, 400)
USAGE_USD = (100 + 5 * 20 + 0.1 * 300 + 1.25 * 400) / 1e6
REQUEST = Request("facets", "system 말", "user", {"type": "object"}, 256)


def ledger(path: Path | None = None, budget: float | None = None) -> Ledger:
    return Ledger(path, PRICES, budget)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def fill(found: Ledger) -> None:
    """Something of everything."""
    found.add("facets", "small", USAGE, facets={"request": 0.75, "concern": 0.25})
    found.add("screener", "small", Usage(10, 1), batch=True, retries=2)
    found.add("describe", "strong", Usage(1000, 90))
    found.add("rename", "strong", Usage(500, 60))
    found.saved("facets", 3, 1500, 0.002)
    found.retried("facets", 4, "rate limited")


def test_what_was_bought_by_stage_and_facet(tmp_path: Path) -> None:
    found = ledger(tmp_path / FILE)
    fill(found)
    told = found.summary()
    assert list(told["stages"]) == ["extract_facets", "describe", "arrange"]
    facets = told["stages"]["extract_facets"]
    assert facets["replies"] == 2
    assert facets["in_batches"] == 1
    assert (facets["input_tokens"], facets["cache_read_tokens"], facets["cache_write_tokens"]) == (110, 300, 400)
    assert facets["output_tokens"] == 21
    assert facets["cost_usd"] == pytest.approx(USAGE_USD + 0.5 * 15 / 1e6)
    assert facets["cache_hit_share"] == pytest.approx(300 / 810, abs=1e-4)
    assert facets["retries"] == {"other": 2, "rate limited": 4}
    assert (facets["from_cache"], facets["saved_tokens"], facets["saved_usd"]) == (3, 1500, 0.002)
    assert facets["models"] == {"small": 2}
    assert told["stages"]["arrange"]["cost_usd"] == pytest.approx((4 * 500 + 20 * 60) / 1e6)
    assert told["total"]["cost_usd"] == pytest.approx(sum(stage["cost_usd"] for stage in told["stages"].values()))
    assert told["total"]["cost_usd"] == pytest.approx(found.spent_usd)
    assert told["facets"]["request"]["cost_usd"] == pytest.approx(0.75 * USAGE_USD)
    assert told["facets"]["concern"]["cache_write_tokens"] == 100
    assert told["prices"]["strong"]["source"] == "config"
    json.dumps(told, allow_nan=False)


def test_a_later_session_goes_on_counting(tmp_path: Path) -> None:
    first = ledger(tmp_path / FILE)
    fill(first)
    first.close()
    second = ledger(tmp_path / FILE)
    assert second.summary() == first.summary()
    fill(second)
    assert second.spent_usd == pytest.approx(2 * first.spent_usd)
    assert ledger(tmp_path / FILE).summary() == second.summary()


def test_without_a_file_nothing_is_written_and_the_sums_are_the_same(tmp_path: Path) -> None:
    kept, free = ledger(tmp_path / FILE), ledger()
    fill(kept)
    fill(free)
    assert kept.summary() == free.summary()


def test_the_file_is_the_owners_and_made_with_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "workspace" / FILE
    found = ledger(path)
    assert found.summary()["total"]["replies"] == 0
    assert not path.parent.exists()
    found.add("facets", "small", USAGE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_only_numbers_and_fixed_words_are_written(tmp_path: Path) -> None:
    found = ledger(tmp_path / FILE)
    secret = "My name is Anna Smith, call 555-0100"
    found.add(secret, "small", USAGE, facets={secret: 1.0})
    found.retried(secret, 1, secret)
    found.saved("facets\n{}", 1, 1, None)
    text = (tmp_path / FILE).read_text()
    assert "Anna" not in text
    assert "555" not in text
    assert [line["purpose"] for line in lines(tmp_path / FILE)] == ["other"] * 3
    assert "Anna" not in json.dumps(found.summary())


@given(st.binary(max_size=40).filter(lambda tail: b"\n" not in tail))
@settings(max_examples=30)
def test_a_line_that_a_kill_cut_is_dropped_and_the_next_begins_anew(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes
) -> None:
    path = tmp_path_factory.mktemp("cut") / FILE
    found = ledger(path)
    fill(found)
    told = found.summary()
    found.close()
    with path.open("ab") as handle:
        handle.write(tail)
    again = ledger(path)
    assert again.summary() == told
    again.add("facets", "small", USAGE)
    again.close()
    assert ledger(path).summary()["total"]["replies"] == told["total"]["replies"] + 1
    assert "unreadable_lines" not in ledger(path).summary()


@pytest.mark.parametrize(
    "line",
    [
        b"\0\0\0\0", b"[]", b"3", b"{}", b'{"purpose": "facets"}', b'{"purpose": "facets", "saved": -1}',
        b'{"purpose": "facets", "saved": 1, "tokens": 1, "usd": NaN}', b'{"purpose": "x", "retried": 1}',
        b'{"purpose":"facets","model":"small","input":1.5,"output":1,"cache_read":0,"cache_write":0,"usd":1}',
        b'{"purpose":"facets","model":"small","input":1,"output":1,"cache_read":0,"cache_write":0,"usd":-1}',
        b'{"purpose":"facets","model":"small","input":1,"output":1,"cache_read":0,"cache_write":0,"usd":1e300}',
        b'{"purpose":"facets","model":"small","input":1,"output":1,"cache_read":0,"cache_write":0,"usd":1,'
        b'"facets":{"a":NaN}}',
        b"[" * 5000,
    ],
)  # fmt: skip
def test_a_damaged_line_counts_for_nothing_and_is_told(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / FILE
    found = ledger(path)
    fill(found)
    found.close()
    path.write_bytes(line + b"\n" + path.read_bytes())
    assert ledger(path).summary() == found.summary() | {"unreadable_lines": 1}


WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from clio.config.prices import PriceConfig
from clio.models.ledger import Ledger
from clio.models.protocol import Usage
ledger = Ledger(Path(sys.argv[1]), {"small": PriceConfig(input=1, output=5)}, None)
while True:
    ledger.add("facets", "small", Usage(100, 20), facets={"request": 1.0})
    print(".", flush=True)
"""


def test_a_kill_loses_nothing_that_was_counted(tmp_path: Path) -> None:
    chance = random.Random(3)
    told = 0
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITE_UNTIL_KILLED, str(tmp_path / FILE)], stdout=subprocess.PIPE, bufsize=0
        ) as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(1, 200)):
                assert process.stdout.readline() == b".\n"
                told += 1
            process.kill()
            told += process.stdout.read().count(b".")
        found = ledger(tmp_path / FILE)
        replies = found.summary()["total"]["replies"]
        assert told <= replies <= told + 1
        told = replies
    assert found.spent_usd == pytest.approx(told * 200 / 1e6)


def test_many_threads_write_whole_lines(tmp_path: Path) -> None:
    found = ledger(tmp_path / FILE)

    def work(number: int) -> None:
        for _ in range(200):
            found.add("facets", "small", Usage(number, 1), facets={f"facet_{number}": 1.0})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(lines(tmp_path / FILE)) == 1600
    assert ledger(tmp_path / FILE).summary() == found.summary()
    assert found.summary()["total"]["input_tokens"] == 200 * sum(range(8))


def test_a_folder_that_cannot_be_written_says_so_and_still_counts(tmp_path: Path) -> None:
    (tmp_path / "workspace").write_text("a file where the folder should be")
    found = ledger(tmp_path / "workspace" / FILE)
    with pytest.raises(RunError, match="cannot be written"):
        found.add("facets", "small", USAGE)
    assert found.spent_usd == pytest.approx(USAGE_USD)


def test_a_full_disk_says_so() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    found = ledger()
    found._path = full
    with pytest.raises(RunError, match="make room"):
        found.add("facets", "small", USAGE)


def test_a_file_that_cannot_be_read_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(RunError, match="what this run has spent"):
        ledger(tmp_path / FILE)


# ---- the budget


class Endpoint:
    """Bills requests in any order, never more than their worst case, and keeps its own account of what it billed."""

    def __init__(self, budget: float, path: Path | None = None) -> None:
        self.ledger, self.budget, self.billed = ledger(path, budget), budget, 0.0
        self.flying: list[tuple[Reservation, int, int]] = []

    def send(self, model: str, inputs: int, outputs: int, batch: bool) -> None:
        try:
            reservation = self.ledger.reserve(model, inputs, outputs, batch)
        except BudgetError:
            assert not self.flying
            return
        if reservation is None:
            assert self.flying
            return
        self.flying.append((reservation, inputs, outputs))

    def land(self, which: int, shares: list[float]) -> None:
        if not self.flying:
            return
        reservation, inputs, outputs = self.flying.pop(which % len(self.flying))
        parts = [round(share * inputs / 3) for share in shares[:3]]
        if sum(parts) > inputs or shares[3] < 0.1:
            self.ledger.settle(reservation)  # nothing was bought: an error
            return
        usage = Usage(parts[0], round(shares[3] * outputs), parts[1], parts[2])
        self.ledger.settle(reservation, usage, "facets")


share = st.floats(0, 1, allow_nan=False)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from(sorted(PRICES)), st.integers(0, 9000), st.integers(0, 900),
                  st.booleans()),
        st.tuples(st.just("land"), st.integers(0, 9), st.tuples(share, share, share, share)),
    ),
    max_size=60,
)  # fmt: skip


@given(steps, st.floats(0, 0.2, allow_nan=False), st.integers(1, 20))
@settings(max_examples=150)
def test_spending_never_passes_the_budget(
    tmp_path_factory: pytest.TempPathFactory, plan: list[Any], budget: float, session: int
) -> None:
    """However requests are sent and land, and however often the process ends with some in flight."""
    path = tmp_path_factory.mktemp("budget") / FILE
    endpoint = Endpoint(budget, path)
    for number, step in enumerate(plan):
        if step[0] == "send":
            endpoint.send(*step[1:])
        else:
            endpoint.land(step[1], list(step[2]))
        assert endpoint.ledger.spent_usd <= budget
        if number % session == session - 1:
            endpoint = Endpoint(budget, path)
    assert ledger(path).spent_usd <= budget


def test_spending_never_passes_the_budget_from_many_threads() -> None:
    budget = 0.01
    found = ledger(budget=budget)
    full = threading.Event()

    def work(seed: int) -> None:
        chance = random.Random(seed)
        while not full.is_set():
            inputs, outputs = chance.randrange(1, 400), chance.randrange(1, 50)
            try:
                reservation = found.reserve("small", inputs, outputs)
            except BudgetError:
                full.set()
                return
            if reservation is not None:
                found.settle(reservation, Usage(0, chance.randint(0, outputs), 0, inputs), "facets")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    worst = (400 * 1.25 + 50 * 5) / 1e6
    assert budget - worst <= found.spent_usd <= budget


def test_a_request_waits_for_those_in_flight_and_then_fits() -> None:
    found = ledger(budget=3e-6)
    first = found.reserve("small", 1, 0)
    second = found.reserve("small", 1, 0)
    assert first is not None
    assert second is not None
    assert first.most_usd == pytest.approx(1.25e-6)
    assert found.reserve("small", 1, 0) is None
    found.settle(first, Usage(cache_read_tokens=1), "facets")
    assert found.reserve("small", 1, 0) is not None


def test_a_request_that_cannot_fit_stops_the_run_with_one_paragraph() -> None:
    found = ledger(budget=1.0)
    found.add("facets", "small", Usage(900_000))
    with pytest.raises(BudgetError) as error:
        found.reserve("small", 100_000, 100)
    assert isinstance(error.value, ModelError)
    assert error.value.exit_code == 5
    for words in ("$0.90 of $1.00", "What was bought is kept", "raise writer.budget_usd", "run the same command again"):
        assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert found.reserve("small", 1_000, 100) is not None, "a smaller one still fits"


def test_the_budget_is_held_to_the_last_digit() -> None:
    price = {"exact": PriceConfig(input=0, output=1.953125, cache_write=0)}
    budget = 2**-9  # a thousand tokens, exactly
    found = Ledger(None, price, budget)
    assert found.reserve("exact", 0, 1000) is not None
    assert found.reserve("exact", 0, 1) is None
    with pytest.raises(BudgetError):
        Ledger(None, price, math.nextafter(budget, 0)).reserve("exact", 0, 1000)
    with pytest.raises(BudgetError):
        Ledger(None, price, budget).reserve("exact", 0, 1001)


def test_what_an_earlier_session_spent_counts(tmp_path: Path) -> None:
    ledger(tmp_path / FILE, 1.0).add("facets", "small", Usage(990_000))
    with pytest.raises(BudgetError):
        ledger(tmp_path / FILE, 1.0).reserve("small", 20_000, 0)
    assert ledger(tmp_path / FILE, 2.0).reserve("small", 20_000, 0) is not None


def test_a_reservation_is_given_back_once() -> None:
    found = ledger(budget=1e-5)
    first = found.reserve("small", 4, 0)
    other = found.reserve("small", 4, 0)
    assert first is not None
    assert other is not None
    found.settle(first)
    found.settle(first)
    assert found.reserve("small", 4, 0) is not None
    assert found.reserve("small", 1, 0) is None


def test_batches_are_reserved_at_their_price() -> None:
    found = ledger(budget=1e-4)
    assert found.reserve("small", 80, 0, batch=True) is not None
    assert found.reserve("small", 80, 0, batch=True) is not None
    with pytest.raises(BudgetError):
        ledger(budget=1e-4).reserve("small", 81, 0)


def test_more_than_was_reserved_is_counted_all_the_same() -> None:
    found = ledger(budget=1e-5)
    reservation = found.reserve("small", 1, 0)
    assert reservation is not None
    found.settle(reservation, Usage(1000), "facets")
    assert found.spent_usd == pytest.approx(1e-3)
    with pytest.raises(BudgetError):
        found.reserve("small", 0, 1)


def test_no_budget_lets_everything_pass() -> None:
    found = ledger()
    assert all(found.reserve("strong", 10**9, 10**9) for _ in range(50))
    assert found.reserve("nobody-knows", 1, 1) is not None


def test_a_budget_of_nothing_lets_free_models_pass() -> None:
    found = ledger(budget=0)
    assert found.reserve("free", 10**6, 10**6) is not None
    with pytest.raises(BudgetError):
        ledger(budget=0).reserve("small", 1, 0)


# ---- unknown prices


def test_an_unknown_price_is_no_number() -> None:
    found = ledger()
    fill(found)
    found.add("describe", "nobody-knows", Usage(5, 5), facets={"request": 1.0})
    told = found.summary()
    assert told["stages"]["describe"]["cost_usd"] is None
    assert told["total"]["cost_usd"] is None
    assert told["facets"]["request"]["cost_usd"] is None
    assert told["stages"]["arrange"]["cost_usd"] is not None
    assert told["prices"]["nobody-knows"] is None
    assert told["total"]["input_tokens"] == 100 + 10 + 1000 + 500 + 5


def test_a_budget_asks_for_unknown_prices(tmp_path: Path) -> None:
    with pytest.raises(ModelSetupError, match=r"writer\.prices"):
        ledger(budget=1.0).reserve("nobody-knows", 1, 1)
    ledger(tmp_path / FILE).add("facets", "nobody-knows", Usage(5, 5))
    with pytest.raises(ModelSetupError, match="no price known for nobody-knows"):
        ledger(tmp_path / FILE, 1.0)
    known = Ledger(tmp_path / FILE, {"nobody-knows": PriceConfig(input=2, output=2)}, 1.0)
    assert known.spent_usd == pytest.approx(20 / 1e6)


# ---- shares and sizes


def test_shares_follow_questions_and_answers() -> None:
    facets = shipped()
    asked = [facets["request"], facets["concern"], facets["turns"]]
    told = facet_shares(asked, {"request": "to bake a loaf of bread without an oven", "concern": "1"})
    assert set(told) == {"request", "concern"}
    assert sum(told.values()) == pytest.approx(1)
    longer = facet_shares(asked, {"request": "to bake " * 40, "concern": "1"})
    assert longer["request"] > told["request"]
    silent = facet_shares(asked, {})
    assert silent["concern"] > silent["request"], "its options take more room in the prompt"


facet = st.builds(
    Facet,
    name=st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True),
    kind=st.sampled_from(["text", "boolean", "number"]),
    question=st.text(min_size=1, max_size=50),
)
values = st.one_of(st.none(), st.text(max_size=30), st.integers(), st.lists(st.text(max_size=5), max_size=3))


@given(st.lists(facet, min_size=1, max_size=6, unique_by=lambda one: one.name), st.data())
def test_shares_are_parts_of_one(facets: list[Facet], data: st.DataObject) -> None:
    names = [one.name for one in facets]
    value = data.draw(st.dictionaries(st.sampled_from([*names, "never_asked"]), values))
    told = facet_shares(facets, value)
    assert list(told) == names
    assert sum(told.values()) == pytest.approx(1)
    assert all(part > 0 for part in told.values())


def test_no_facet_no_share() -> None:
    assert facet_shares([shipped()["turns"]], {}) == {}


@given(st.text(max_size=200), st.text(max_size=200))
def test_the_most_tokens_are_more_than_bytes(system: str, user: str) -> None:
    most = most_input_tokens(Request("facets", system, user, {}))
    assert most > len((system + user).encode("utf-8", "replace"))


def test_amounts_as_they_are_shown() -> None:
    shown = [usd(amount) for amount in (0, 1234.567, 0.1, 0.0567, 0.0001, 0.00000123)]
    assert shown == ["$0.00", "$1,234.57", "$0.10", "$0.0567", "$0.0001", "$1e-06"]
