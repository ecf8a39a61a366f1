"""Terms: support is counted in distinct accounts, nothing under the threshold comes out, order does not matter."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.privacy.public_words import SENSITIVE_AREAS, describing_keys, vouched_keys
from clio.privacy.rare import inflections, rare_terms
from clio.privacy.sensitive import kinds_in
from clio.privacy.terms import count_terms, distinctive_terms
from clio.text.languages import language_name, looks_english
from clio.text.vocabulary import HARMFUL, labels
from clio.text.words import gerund, key_of, keys, words

WORDS = ["garlic", "soil", "tomato", "invoice", "python", "loop", "of", "the", "cats", "cat", "Berlin", "2024",
         "[NAME]",         "cover", "letter", "letters", "履歴書", "プログラム", "receta", "don't"]  # fmt: skip
texts_of = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
rows_of = st.lists(
    st.tuples(texts_of, st.integers(-1, 3), st.sampled_from([f"account-{n}" for n in range(9)])), max_size=60
)


def support(term: str, rows: list[tuple[str, int, str]], cluster: int) -> int:
    """Distinct accounts of a cluster with a text that holds the term's keys side by side, counted the slow way."""
    wanted = keys(term)
    accounts = set()
    for text, label, account in rows:
        have = [word.key if word else None for word in words(text)]
        if label == cluster and any(have[at : at + len(wanted)] == wanted for at in range(len(have))):
            accounts.add(account)
    return len(accounts)


@given(rows=rows_of, least=st.integers(1, 5))
def test_no_released_term_has_support_below_the_threshold(rows: list[tuple[str, int, str]], least: int) -> None:
    found = distinctive_terms([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows], 10, least)
    assert len(found) == max([r[1] for r in rows], default=-1) + 1
    for cluster, terms in enumerate(found):
        assert len({term.text for term in terms}) == len(terms)
        for term in terms:
            assert term.accounts >= least
            assert term.accounts == support(term.text, rows, cluster)
            assert 0 < term.share <= 1
            assert "NAME" not in term.text
            assert not term.text.isdigit()


@given(rows=rows_of, seed=st.integers(0, 1000))
def test_the_order_of_rows_and_the_names_of_accounts_make_no_difference(
    rows: list[tuple[str, int, str]], seed: int
) -> None:
    mixed = [(text, label, f"other-{account}") for text, label, account in rows]
    random.Random(seed).shuffle(mixed)
    one, other = (
        count_terms([r[0] for r in some], [r[1] for r in some], [r[2] for r in some], 2, clusters=4)
        for some in (rows, mixed)
    )
    assert one.distinctive(8) == other.distinctive(8)
    assert dict(one.corpus) == dict(other.corpus)
    for cluster in range(4):
        assert dict(one.of_cluster(cluster)) == dict(other.of_cluster(cluster))


@given(rows=rows_of, parents=st.lists(st.integers(0, 1), min_size=4, max_size=4))
def test_regrouping_equals_counting_anew(rows: list[tuple[str, int, str]], parents: list[int]) -> None:
    texts, labels, accounts = ([row[n] for row in rows] for n in range(3))
    again = count_terms(texts, labels, accounts, 2, clusters=4).regrouped([*parents])
    above = [parents[label] if label >= 0 else -1 for label in labels]  # type: ignore[call-overload]
    anew = count_terms(texts, above, accounts, 2, clusters=again.clusters)
    assert again.distinctive(8) == anew.distinctive(8)


def test_one_account_that_repeats_itself_counts_once() -> None:
    texts = ["secret recipe"] * 50 + ["garden soil"] * 5
    found = distinctive_terms(texts, [0] * 55, ["loud"] * 50 + list("abcde"), 5, 5)
    assert [term.text for term in found[0]] == ["garden soil"]


def test_plural_and_possessive_forms_count_together() -> None:
    texts = [
        "write cover letters",
        "my cover letter's tone",
        "cover letter please",
        "three cover letters",
        "cover letter",
    ]
    found = distinctive_terms(texts, [0] * 5, list("abcde"), 3, 5)
    assert [(term.text, term.accounts) for term in found[0]] == [("cover letter", 5)]


def test_phrases_do_not_run_over_punctuation_placeholders_or_texts() -> None:
    texts = ["apple. pear", "apple [NAME] pear", "apple, pear", "apple", "pear"] * 3
    found = distinctive_terms(texts, [0] * 15, [f"a{n}" for n in range(15)], 9, 3)
    assert {term.text for term in found[0]} == {"apple", "pear"}


def test_stop_words_of_six_languages_and_small_words_are_no_terms() -> None:
    texts = ["please help me with this", "por favor dime como", "s'il vous plaît dans les", "könnten sie mir bitte",
             "por favor você pode", "方法 必要 説明"]  # fmt: skip
    assert distinctive_terms(texts * 5, [0] * 30, [f"a{n}" for n in range(30)], 9, 2) == [[]]


def test_japanese_words_are_found_by_script_and_chinese_clauses_left_out() -> None:
    assert keys("履歴書のプログラムを見て") == ["履歴書", "プログラム"]
    assert keys("帮我写一份简历好吗") == []
    assert keys("สวัสดีครับ") == []


def test_terms_of_texts_that_are_not_english_are_marked() -> None:
    texts = [
        "quiero una receta de cocina",
        "dame la receta por favor",
        "bread recipe for the oven",
        "a recipe for bread",
    ]
    found = distinctive_terms(texts * 3, [0] * 12, [f"a{n}" for n in range(12)], 9, 3)[0]
    marked = {term.text: term.foreign for term in found}
    assert all(
        foreign == any(word in text for word in ("receta", "cocina", "dame")) for text, foreign in marked.items()
    )
    assert set(marked.values()) == {True, False}


@pytest.mark.parametrize(
    ("text", "rare"),
    [
        ("Questions about zebras", ["zebras"]),  # two accounts, of another cluster
        ("Planning weddings", ["weddings"]),  # six accounts, all of another cluster
        ("Booking flights", []),  # an inflection of a word that many of the cluster used
        ("Booked flights and bookings", []),
        ("Advice on relocation", ["relocation"]),  # the model's own word: nobody of the cluster stands behind it
        ("Wedding with Alice", ["Wedding", "Alice"]),
        ("Plans for 2031", ["2031"]),
        ("Users asked how to choose, compare and write things clearly", []),
        ("Detailed help for Grace", ["Grace"]),
        ("Ask about Sparkle forms", ["Sparkle"]),
        ("Ask about Bright forms", ["Bright"]),  # a describing word, but a name by its capital letter
        ("Writing help and general advice", []),
        ("Requests in Spanish", []),
        ("Flights", []),
        ("flight X9Z", ["X9Z"]),
        ("flight and 糖尿病", ["糖尿病"]),
        ("flight and 我有糖尿病怎么办", ["我有糖尿病怎么办"]),  # no words to count: never shown
        ("flight และเบาหวาน", ["และเบาหวาน"]),
        ("flight диабет", ["диабет"]),
    ],
)
def test_rare_words_of_a_name(text: str, rare: list[str]) -> None:
    texts = ["book a flight"] * 6 + ["my zebra"] * 2 + ["plan the wedding"] * 6
    counts = count_terms(texts, [0] * 6 + [1] * 8, [f"a{n}" for n in range(14)], 5)
    assert rare_terms(text, counts.of_cluster(0), 5) == rare


def test_a_word_that_is_common_elsewhere_is_rare_where_one_account_of_the_cluster_has_it() -> None:
    """CLIOPATRA: planted accounts share the target's symptom, the target alone has the disease; others have it too."""
    planted = ["cough and fever at night"] * 20
    target = ["cough and fever with diabetes"]
    elsewhere = ["diabetes diet plans"] * 50
    counts = count_terms(planted + target + elsewhere, [0] * 21 + [1] * 50, [f"a{n}" for n in range(71)], 5)
    assert counts.corpus[key_of("diabetes")] == 51
    assert rare_terms("Cough and fever with diabetes", counts.of_cluster(0), 5) == ["diabetes"]
    assert rare_terms("Diabetes diet plans", counts.of_cluster(1), 5) == []
    assert rare_terms("Diabetes diet plans", counts.regrouped([0, 0]).of_cluster(0), 5) == []


def test_the_plural_of_an_abbreviation_is_the_abbreviation() -> None:
    counts = count_terms(["my CV"] * 6, [0] * 6, [f"a{n}" for n in range(6)], 5)
    assert rare_terms("Write CVs easily", counts.of_cluster(0), 5) == []
    assert rare_terms("Write PDFs", counts.of_cluster(0), 5) == ["PDFs"]


def test_public_words_pass_in_lower_case_only() -> None:
    counts = count_terms(["book a flight"] * 6, [0] * 6, [f"a{n}" for n in range(6)], 5)
    assert rare_terms("book hotels in Berlin", counts.of_cluster(0), 5) == ["hotels", "Berlin"]
    assert rare_terms("book hotels in Berlin", counts.of_cluster(0), 5, {"hotel", "berlin"}) == ["Berlin"]


@given(rows=rows_of, text=texts_of, least=st.integers(2, 5))
def test_a_word_that_too_few_of_the_cluster_used_is_always_found(
    rows: list[tuple[str, int, str]], text: str, least: int
) -> None:
    counts = count_terms([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows], least, clusters=4)
    for cluster in range(4):
        found = {key_of(word) for word in rare_terms(text, counts.of_cluster(cluster), least)}
        for key in ("garlic", "soil", "tomato", "invoice", "berlin", "履歴書", "receta"):
            assert (key in found) == (key in keys(text) and support(key, rows, cluster) < least)


def test_the_describing_words_say_nothing_sensitive_and_hold_what_prompts_ask_with() -> None:
    words_of = describing_keys()
    assert len(words_of) > 1_500
    assert not {key for key in words_of if kinds_in(key)}
    private = (
        "diabetes cancer pregnant depression anxiety pain disease medication pill therapy disability gay lesbian "
        "transgender sexual muslim christian jewish church visa immigrant asylum refugee deport prison arrest convict "
        "police crime drug alcohol addict suicide debt bankrupt divorce husband wife mother father child baby nurse "
        "teacher lawyer doctor union vote party-member race ethnic black white nationality german mexican stress sleep"
    )
    assert not {key for word in private.split() if "-" not in word for key in keys(word)} & words_of - {
        "white",
        "black",
    }
    assert {"draft", "explain", "summarise", "polite", "shorter", "template", "step"} <= words_of


def test_a_supported_label_vouches_for_its_words_but_never_for_private_ones() -> None:
    assert "leak" in vouched_keys(["Plumbing and leaks"])
    assert vouched_keys([]) == frozenset()
    assert vouched_keys(["no such label"]) == frozenset()
    for label in labels():
        vouched = vouched_keys([label.name])
        assert vouched <= set(keys(f"{label.name} {label.about}"))
        if label.area in SENSITIVE_AREAS or label.domain == HARMFUL:
            assert not vouched
        assert not {key for key in vouched if kinds_in(key)}, label.name


@pytest.mark.parametrize(
    ("one", "other"),
    [("drafted", "draft"), ("tried", "try"), ("planning", "plan"), ("writing", "write")],
)
def test_inflections(one: str, other: str) -> None:
    assert other in inflections(one)
    assert one in inflections(other)


@pytest.mark.parametrize(("one", "other"), [("depression", "depressing"), ("organ", "organise"), ("news", "new")])
def test_words_of_one_stem_are_not_inflections(one: str, other: str) -> None:
    assert not {one} & inflections(other)
    assert not {other} & inflections(one)


def test_lengths_must_agree_and_nothing_is_nothing() -> None:
    with pytest.raises(ValueError, match="same length"):
        count_terms(["a"], [0, 1], ["x"], 5)
    assert distinctive_terms([], [], [], 5, 5) == []
    assert distinctive_terms(["", "[NAME]"], [0, 1], ["a", "b"], 5, 1) == [[], []]


@pytest.mark.parametrize(
    ("one", "other"),
    [("cities", "city"), ("Boxes", "box"), ("recipes", "recipe"), ("dog's", "dogs"), ("movies", "movie"),
     ("headaches", "headache"), ("classes", "class"), ("shoes", "shoe")],
)  # fmt: skip
def test_forms_of_a_word_share_a_key(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)


@pytest.mark.parametrize(("one", "other"), [("news", "new"), ("bus", "bu"), ("gas", "ga"), ("this", "thi")])
def test_other_words_do_not(one: str, other: str) -> None:
    assert key_of(one) != key_of(other)


def test_gerunds() -> None:
    verbs = ["book", "schedule", "plan", "write", "fix", "pay", "see", "die", "cancel", "transfer"]
    assert [gerund(verb) for verb in verbs] == [
        "booking", "scheduling", "planning", "writing", "fixing", "paying", "seeing", "dying", "cancelling",
        "transferring",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("what is my balance", True), ("resume", True), ("", True), ("café menus for the party", True),
        ("comment faire une tarte", False), ("como hacer un pastel", False), ("wie kann ich kochen", False),
        ("何を食べる", False), ("пожалуйста помогите", False), ("como faço um bolo", False),
    ],
)  # fmt: skip
def test_what_reads_as_english(text: str, english: bool) -> None:
    assert looks_english(text) is english


def test_language_names() -> None:
    assert [language_name(code) for code in ("es", "pt-BR", "zh_CN", "xx")] == ["Spanish", "Portuguese", "Chinese", ""]
