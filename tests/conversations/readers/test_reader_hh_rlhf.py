from __future__ import annotations

from clio.conversations.types import Turn

GOOD = {
    "chosen": "\n\nHuman: Hello\n\nHow are you?\n\nAssistant: Fine\n\nHuman: Good\n\nAssistant: ",
    "rejected": "\n\nHuman: Hello\n\nAssistant: No",
}


def test_the_chosen_text_is_cut_at_its_marks(write, reading) -> None:
    found, rejected = reading(write([GOOD]))
    assert rejected == []
    assert found[0].turns == (Turn("user", "Hello\n\nHow are you?"), Turn("assistant", "Fine"), Turn("user", "Good"))


def test_texts_without_marks(write, reading) -> None:
    records = [
        {"chosen": "Hello"},
        {"chosen": "Hello\n\nHuman: x"},
        {"chosen": 5},
        {"chosen": "\n\nAssistant: x"},
        {"chosen": "Human: x"},
    ]
    found, rejected = reading(write(records), format="hh-rlhf")
    assert [why for _, why in rejected] == ["not a conversation"] * 3 + ["no user turn"]
    assert found[0].turns == (Turn("user", "x"),)


def test_malformed(malformed) -> None:
    malformed("hh-rlhf", GOOD)
