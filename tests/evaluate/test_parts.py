"""The parts of the attacks: each must be able to find what is there, or their zeroes say nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.config import RunConfig, load_config
from clio.evaluate.attacks import plants
from clio.evaluate.attacks.artefacts import Finder, Haystack, folded, of_folder
from clio.evaluate.attacks.cells import ALL, Published, guessed
from clio.evaluate.attacks.patients import CONDITIONS, COUNTING, PRIOR, TRADES, Strength, ward
from clio.evaluate.attacks.rules import OFF, Unredacting, has, without_rules
from clio.evaluate.attacks.standins import ORDER
from clio.evaluate.attacks.wilson import Rate, wilson
from clio.privacy.injection import addresses_model
from clio.privacy.redact import Redactor
from clio.privacy.sensitive import kinds_in


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    # By hand and from Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons(hits: int, trials: int, low: float, high: float) -> None:
    assert wilson(hits, trials) == pytest.approx((low, high), abs=6e-5)


@given(st.integers(1, 5000), st.data())
def test_an_interval_holds_its_share_and_knows_nothing_of_nothing(trials: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, trials))
    low, high = wilson(hits, trials)
    assert 0 <= low <= hits / trials <= high <= 1
    assert low < high
    assert wilson(0, 0) == (0.0, 1.0)
    assert not Rate(hits, trials).beats(hits / trials)


SECRET = "Zykupo.wibaz@qyxo.com"


def _in(text: str | bytes) -> bool:
    raw = text if isinstance(text, bytes) else text.encode()
    shown = "" if isinstance(text, bytes) else text
    return bool(Finder([Haystack("release", raw, f"some other words {shown} and more of them")]).places(SECRET))


@pytest.mark.parametrize(
    "disguise",
    [
        SECRET,
        SECRET.lower(),
        SECRET.upper(),
        "Z y k u p o . w i b a z @ q y x o . c o m",
        "zykupo wibaz at qyxo com".replace(" at ", "@"),
        "zykupo\u200b.wibaz@qyxo.com",
        "\uff3a\uff59kupo.wibaz@qyxo.com",
        "asked by zykupo.wibaz@qy",
        base64.b64encode(SECRET.encode()),
        base64.b64encode(b"a longer text, " + SECRET.encode() + b" and its end"),
        SECRET.encode().hex().encode(),
        SECRET.encode("utf-16-le"),
        hashlib.sha256(SECRET.encode()).hexdigest().encode(),
        hashlib.sha1(SECRET.encode()).digest(),
    ],
)
def test_a_disguised_or_partial_secret_is_found(disguise: str | bytes) -> None:
    assert _in(disguise)


@pytest.mark.parametrize("harmless", ["", "zykupo alone", "wibaz and qyxo, far apart", b"\x00\x01\x02 nothing"])
def test_less_than_the_share_is_not_a_find(harmless: str | bytes) -> None:
    assert not _in(harmless)


@given(st.integers(0, 10**6))
def test_secrets_of_another_seed_are_not_found(seed: int) -> None:
    planted = plants.secrets(40, random.Random(seed))
    decoys = plants.secrets(40, random.Random(f"other {seed}"))
    finder = Finder([Haystack("release", b"", "\n".join(one.sentence for one in planted))])
    assert all(finder.places(one.text, one.parts) for one in planted)
    assert not any(finder.places(one.text) for one in decoys if not one.parts)
    assert len({one.text for one in planted}) == 40


def test_a_story_is_found_by_three_of_its_four_parts_in_one_cell() -> None:
    story = next(one for one in plants.secrets(9, random.Random(5)) if one.kind == "story")
    job, town, ailment, event = story.parts
    told = [f"{ailment} and {event.title()} of a {job}", f"{job} in {town}\n{ailment} after {event}", story.sentence]
    for text, found in zip(told, (True, False, True), strict=True):
        assert bool(Finder([Haystack("release", b"", text)]).places(story.text, story.parts)) is found


def test_no_secret_is_shown_by_its_repr() -> None:
    (secret,) = plants.secrets(1, random.Random(0))
    assert secret.text not in repr(secret)


def test_every_kind_of_file_is_read_whole(tmp_path: Path) -> None:
    table = pa.table({"terms": [["plain", "Wubijo Kyraq"]], "count": [3]}).replace_schema_metadata(
        {"note": "vezyq-meta"}
    )
    table = table.replace_schema_metadata({"note": "vezyq-meta"})
    pq.write_table(table, tmp_path / "clusters.parquet", compression="zstd")
    (tmp_path / "manifest.json").write_text(json.dumps({"title": "für Żykaqo"}))
    (tmp_path / "gopuxyk-in-a-name.txt").write_text("")
    finder = Finder(of_folder(tmp_path, lambda path: path.suffix))
    assert finder.places("Wubijo Kyraq") == {".parquet"}
    assert finder.places("vezyq-meta") == {".parquet"}
    assert finder.places("für Żykaqo") == {".json"}
    assert finder.places("gopuxyk") == {".txt"}
    assert folded("Wubijo  KYRAQ!") == "wubijokyraq"


def test_every_secret_is_planted_where_it_says() -> None:
    chance = random.Random(3)
    planted = [*plants.secrets(60, chance), *plants.marked(2, "metadata", chance), *plants.marked(2, "account", chance)]
    records = [
        {"id": str(n), "user_id": f"u{n // 2 if n < 20 else n}", "messages": [{"role": "user", "content": "hello"}]}
        for n in range(60)
    ]
    plants.plant(records, planted, chance)
    for secret in planted:
        holds = [record for record in records if secret.text in json.dumps(record, ensure_ascii=False)]
        assert holds, secret
        if secret.place == "every chat":
            assert len(holds) == 2
        elif secret.place == "assistant":
            assert any(secret.text in m["content"] for m in holds[0]["messages"] if m["role"] == "assistant")


def test_off_is_out_of_reach_of_configs_and_off_indeed() -> None:
    off = without_rules(load_config({"release": {"preset": "public"}}))
    for key, value in OFF.items():
        if has(key):
            found: object = off
            for part in key.split("."):
                found = getattr(found, part)
            assert found == value or getattr(found, "mechanism", None) == value, key
    text = "Ring +1 212 555 0187 or write to anna.keller@example.com, sk-ant-api03-" + "a1B2" * 12
    assert Unredacting().redact(text).text == text
    assert not Unredacting().scan(text)
    assert Redactor(off.redact).scan(text), "no config turns identifiers off"
    assert not has("redact.rules")
    assert RunConfig() == load_config({})


def test_planted_chats_ask_in_words_that_no_pattern_knows() -> None:
    for mode in ("instruct", "stuff"):
        target, records = ward(1, mode, 5, random.Random(1), Strength())
        texts = {record["id"]: record["messages"][0]["content"] for record in records}
        for name in target.planted:
            (order,) = ORDER.findall(texts[name])
            assert f"{order[0]} year old {order[1]}" == target.person
            assert not addresses_model(texts[name]), "the measure is of what holds when an instruction gets through"
            assert (target.condition in texts[name]) == (mode == "stuff")
        assert [name for name in texts if target.person in texts[name] and name not in target.planted] == ["target-1"]


def test_who_counts_words_has_one_account_fewer_than_a_word_needs() -> None:
    for mode in COUNTING:
        target, records = ward(0, mode, 5, random.Random(1), Strength())
        texts = [record["messages"][0]["content"] for record in records]
        behind = {record["user_id"] for record, text in zip(records, texts, strict=True) if target.condition in text}
        assert len(behind) == 5, "the target makes the word one that enough accounts used"
        others = [one for one in target.options if one != target.condition]
        for one in others:
            assert len({r["user_id"] for r, text in zip(records, texts, strict=True) if one in text}) == 4
    assert not any(kinds_in(one) for one in TRADES)
    assert len(TRADES) == len(CONDITIONS)
    assert sum(PRIOR) == pytest.approx(1)
    assert len(PRIOR) == len(CONDITIONS)


def _release(truth: dict[tuple[str, str], int], hidden: set[tuple[str, str]]) -> Published:
    """Two clusters below the whole, one facet."""
    people = {"a": frozenset(range(20)), "b": frozenset(range(20, 50)), ALL: frozenset(range(50))}
    shown = {name: count for name, count in truth.items() if name not in hidden}
    return Published({"f": truth}, {"f": shown}, people, {"a": ALL, "b": ALL})


TRUTH = {
    ("a", "x"): 3, ("a", "y"): 17, ("b", "x"): 12, ("b", "y"): 16, ("b", "z"): 2,
    (ALL, "x"): 15, (ALL, "y"): 33, (ALL, "z"): 2,
}  # fmt: skip


def test_a_lone_hidden_cell_is_determined_and_a_cycle_of_them_is_not() -> None:
    lone = guessed([_release(TRUTH, {("a", "x")})], 5)
    assert (lone.determined.hits, lone.determined.trials) == (1, 1)
    chain = guessed([_release(TRUTH, {("a", "x"), ("b", "x"), ("b", "z")})], 15)
    assert chain.determined.hits == 3, "row of a, then column x, then row of b"
    cycle = guessed([_release(TRUTH, {("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")})], 15)
    assert (cycle.determined.hits, cycle.determined.trials) == (0, 2)


def test_two_releases_are_subtracted_from_each_other() -> None:
    cycle = {("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")}
    both = guessed([_release(TRUTH, cycle), _release(TRUTH, cycle - {("b", "x")})], 5)
    assert (both.determined.hits, both.determined.trials) == (1, 1)


def test_the_blind_guess_is_the_commonest_count() -> None:
    truth = {(ALL, "p"): 2, (ALL, "q"): 2, (ALL, "r"): 3, (ALL, "s"): 43}
    found = guessed([Published({"f": truth}, {"f": {}}, {ALL: frozenset(range(50))}, {})], 15)
    assert found.blind == pytest.approx(2 / 3)
    assert found.right.rate == found.blind
