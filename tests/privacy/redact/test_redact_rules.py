"""Every rule by itself, planted identifiers beside any character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.config.redact import RedactConfig
from clio.privacy.redact import Redactor, Rule, identifiers, secrets
from clio.privacy.redact.spans import run_rules

RULES = (*secrets.RULES, secrets.RANDOM, *identifiers.RULES)
REDACTOR = Redactor(RedactConfig(), model=False)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_finds_its_own_example(rule: Rule) -> None:
    assert len(run_rules(f"see {rule.example} there", [rule])) == 1
    assert "\\b" not in rule.pattern.pattern


def test_rule_ids_are_unique() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)


def _luhn(body: str) -> str:
    for digit in "0123456789":
        number = body + digit
        doubled = [int(c) * 2 if i % 2 else int(c) for i, c in enumerate(reversed(number))]
        if sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0:
            return number
    raise AssertionError


def _iban(bank: str, account: str) -> str:
    number = int("".join(str(int(c, 36)) for c in bank + account + "GB00"))
    return f"GB{98 - number % 97:02d}{bank}{account}"


def _digits(n: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=n, max_size=n)


_ALNUM = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
IDENTIFIERS = st.one_of(
    st.builds(
        "{}.{}@{}.{}".format,
        st.text("abcdefghijkmnop", min_size=2, max_size=8),
        st.text("qrstuvwxyz0123", min_size=2, max_size=8),
        st.text("abcdefgh", min_size=2, max_size=8),
        st.sampled_from(["com", "org", "co.uk", "de"]),
    ),
    _digits(14).map(lambda body: _luhn("4" + body)),
    st.builds(_iban, st.sampled_from(["WEST", "BARC", "HBUK"]), _digits(14)),
    _digits(7).map(lambda body: "+1 415 " + "2" + body[:2] + " " + body[3:]),
    st.builds(
        "{}-{}-{}".format, st.sampled_from(["460", "514", "054"]), st.sampled_from(["89", "28"]), st.just("9847")
    ),
    st.text(_ALNUM, min_size=24, max_size=40).map(lambda body: "sk-ant-" + "api03-" + body),
    st.text(_ALNUM, min_size=36, max_size=36).map(lambda body: "ghp" + "_" + body),
    st.builds("203.0.{}.{}".format, st.integers(1, 254), st.integers(1, 254)),
)
_FILLERS = st.text(st.sampled_from("lorem ipsum, dolor.\n 中文かなไทย été — “x”"), max_size=60)
_STEADY = frozenset(" \n\t,;!?()<>{}\"'`|中かไ한א")


def _joins(letter: str) -> bool:
    """Whether a letter outside ASCII becomes part of a token: its folded form is a letter, digit or joining sign."""
    from clio.privacy.redact import normalise

    folded = normalise(letter).text
    return (not letter.isascii() and any(c.isascii() and not c.isspace() for c in folded)) or folded in "£€¥₹"


def _beside(signs: str) -> st.SearchStrategy[str]:
    """A letter, digit or joining sign right beside it makes another token of it (another number, a longer name)."""
    return st.characters(exclude_categories=["Cs"]).filter(
        lambda sign: not (sign.isascii() and (sign.isalnum() or sign in signs)) and not _joins(sign)
    )


@given(IDENTIFIERS, _FILLERS, _FILLERS, _beside("_.@-+/=%#$&*~^\\:["), _beside("_.@-+/=%#$&*~^\\:"))
def test_a_planted_identifier_is_found_beside_any_character(
    planted: str, before: str, after: str, left: str, right: str
) -> None:
    text = f"{before} {left}{planted}{right} {after}"
    start = len(before) + 2
    spans = REDACTOR.scan(text, names=False)
    hits = [s for s in spans if s.start <= start and s.end >= start + len(planted)]
    assert len(hits) == 1
    if left in _STEADY and right in _STEADY:
        assert (hits[0].start, hits[0].end) == (start, start + len(planted))


@given(IDENTIFIERS, st.integers(0, 4500))
def test_no_offset_hides_an_identifier(planted: str, offset: int) -> None:
    text = ("word " * 1000)[:offset] + " " + planted + " " + "word " * 100
    assert planted not in (REDACTOR.redact(text, names=False).text or planted)


@given(IDENTIFIERS, st.sampled_from("\u200b\u00ad\u2060\u200d\ufeff\ufe0f\U000e0041"), st.data())
def test_no_invisible_character_hides_an_identifier(planted: str, mark: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(planted) - 1))
    text = f"here: {planted[:at]}{mark}{planted[at:]} end"
    redacted = REDACTOR.redact(text, names=False).text
    assert redacted is not None
    assert redacted.startswith("here: [")
    assert redacted.endswith("] end")


@pytest.mark.parametrize("before", ["server", "driver", "over", "dev"])
def test_an_address_after_a_word_that_ends_like_version_is_found(before: str) -> None:
    assert REDACTOR.redact(f"the {before} 203.0.113.57 is down", names=False).text == f"the {before} [IP] is down"
    assert REDACTOR.redact("version 1.20.13.57", names=False).text == "version 1.20.13.57"
