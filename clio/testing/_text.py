"""Reading a prompt and writing plain English about it, decided by digests alone: same request, same words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any, TypeVar

from clio.text.stopwords import ENGLISH

T = TypeVar("T")
_MARK = re.compile(r"<([a-z]+)-([0-9a-f]{24})>\n")
_NUMBER = re.compile(r"\d+\. ")
_READ = 1000
"""Characters of a fence that words are taken from: enough for a dozen, cheap to read."""
_MOST_TITLES = 200
_SIGNS = '.,;:!?"()'
_MOST_WORDS = 12
_SCHEMA_MARK = "The object must fit this JSON Schema:"

_VERBS = (
    "explain", "compare", "review", "improve", "describe", "discuss", "summarise", "draft", "plan", "fix", "suggest",
    "check", "organise", "rewrite", "develop", "choose",
)  # fmt: skip
_OPENINGS = (
    "help with", "tell more about", "say something about", "give help with", "find something about", "look into",
    "get going with", "go through", "make something of", "put together something about",
)  # fmt: skip
"""Small words only, so that what is said later is grouped by its subject and not by its opening."""
_KINDS = (
    "a short text", "a clear plan", "an outline", "a working example", "a list of steps", "a simple overview",
    "an answer", "a careful comparison", "a first draft", "a set of ideas",
)  # fmt: skip
_SUBJECTS = (
    "meals", "travel", "gardens", "music", "software", "letters", "lessons", "films", "budgets", "fitness", "history",
    "weather", "furniture", "cycling", "languages", "photography", "recipes", "spreadsheets", "poems", "painting",
)  # fmt: skip
_ENDS = ("in plain words", "with examples", "for a beginner", "step by step", "in a few lines", "with more detail")
_QUALITIES = ("was easy to follow", "could be used at once", "fitted their level", "came with reasons")


class Draw:
    """Endless choices that depend on nothing but the key."""

    __slots__ = ("_key", "_pool", "_round")

    def __init__(self, key: bytes) -> None:
        self._key, self._pool, self._round = key, 0, 0

    def at(self, path: str) -> Draw:
        """The choices of one part of the reply, whatever the other parts are."""
        return Draw(hashlib.blake2b(path.encode("utf-8", "replace"), key=self._key, digest_size=16).digest())

    def below(self, count: int) -> int:
        """A whole number from 0 to ``count`` - 1."""
        if self._pool < count << 32:
            size = max(32, count.bit_length() // 8 + 16)
            data, self._round = self._round.to_bytes(8, "little"), self._round + 1
            self._pool = int.from_bytes(hashlib.shake_128(self._key + data).digest(size), "little") | 1 << 8 * size
        self._pool, found = divmod(self._pool, count)
        return found

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def some(self, options: Sequence[T], count: int) -> list[T]:
        """``count`` distinct options, in the order in which they are given; all where there are fewer."""
        places = list(range(len(options)))
        while len(places) > max(count, 0):
            del places[self.below(len(places))]
        return [options[place] for place in places]


def text_of(content: Any) -> str:
    """The text of a message or system prompt, given as text or as blocks."""
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else ()
    return "".join(block["text"] for block in blocks if isinstance(block, dict) and isinstance(block.get("text"), str))


def said(body: dict[str, Any]) -> str:
    """The text of a request's first user message."""
    return next((text_of(m.get("content")) for m in body.get("messages", ()) if m.get("role") == "user"), "")


class Material:
    """What a request offers to write about.

    A request that is asked again with a complaint (the last message, without a fence) is read like the first time.
    """

    def __init__(self, body: dict[str, Any], seed: int) -> None:
        self._body = body
        users = [text_of(message["content"]) for message in body["messages"] if message["role"] == "user"]
        fenced = [text for text in users if _MARK.search(text)]
        self.question = (fenced or users or [""])[-1]
        data = self.question.encode("utf-8", "replace")
        self.key = hashlib.blake2b(data, key=str(seed).encode()[:64], digest_size=16).digest()

    @cached_property
    def _parts(self) -> tuple[dict[str, str], str]:
        parts: dict[str, str] = {}
        at = 0
        while found := _MARK.search(self.question, at):
            label, digest = found.groups()
            end = self.question.find(f"\n</{label}-{digest}>", found.end() - 1)
            if end < 0:
                break
            parts.setdefault(label, self.question[found.end() : end])
            at = end + len(label) + len(digest) + 5
        return parts, self.question[at:]

    def lines(self, label: str) -> list[str]:
        """The numbered lines of a fence; empty where there is none."""
        text = self._parts[0].get(label, "")
        return [_NUMBER.sub("", line, count=1) for line in text.split("\n") if _NUMBER.match(line)]

    @property
    def task(self) -> str:
        """What stands after the last fence: none of it is somebody else's text."""
        return self._parts[1]

    @cached_property
    def system(self) -> str:
        return text_of(self._body.get("system", ""))

    @cached_property
    def words(self) -> list[str]:
        """Up to a dozen telling lower-case words of what is fenced (or of the question), in order, each once."""
        parts = self._parts[0]
        return telling(next(iter(parts.values())) if parts else self.question)

    @cached_property
    def terms(self) -> list[str]:
        """What the whole material shares, as far as the prompt says: its distinctive terms, else its words."""
        given = self.lines("data") if "inside" in self._parts[0] else []
        return given or self.words


def telling(text: str) -> list[str]:
    """The first telling words of a text: lower case, neither small words nor parts of names, marks or links."""
    found: dict[str, None] = {}
    for piece in dict.fromkeys(text[:_READ].split()):
        word = piece.strip(_SIGNS)
        if 4 <= len(word) <= 14 and word not in ENGLISH and word.isalpha() and word.isascii() and word.islower():
            found[word] = None
            if len(found) == _MOST_WORDS:
                break
    return list(found)


def phrase(words: Sequence[str], draw: Draw) -> str:
    """What somebody wanted: up to six of ``words`` and little else, so that it is near in meaning to their source."""
    used = draw.some(words[:8], 6)
    if len(used) < 3:
        used = used or draw.some(_SUBJECTS, 2)
        return f"{draw.pick(_VERBS)} {draw.pick(_KINDS)} about {' and '.join(used)} {draw.pick(_ENDS)}"
    return f"{draw.pick(_OPENINGS)} {', '.join([*used[:-3], ' '.join(used[-3:-1])])} and {used[-1]}"


def title(words: Sequence[str], draw: Draw) -> str:
    """A name of two to ten words in sentence case."""
    used = draw.some([word for word in words if word not in _VERBS][:4], 2) or draw.some(_SUBJECTS, 2)
    verb = draw.pick(_VERBS).capitalize()
    both = f"{verb} {' and '.join(used)}"
    return both if len(both.split()) <= 10 else " ".join(f"{verb} {used[0]}".split()[:10])


def summary(words: Sequence[str], draw: Draw) -> str:
    """Two sentences in the past tense."""
    used = draw.some(words[:6], 3) or draw.some(_SUBJECTS, 3)
    listed = used[0] if len(used) == 1 else f"{', '.join(used[:-1])} and {used[-1]}"
    return f"People asked for help with {listed}. Most of them wanted {draw.pick(_KINDS)} that {draw.pick(_QUALITIES)}."


def reasoning(words: Sequence[str], draw: Draw) -> str:
    """A sentence that could stand before a decision."""
    used = draw.some(words[:6], 2) or draw.some(_SUBJECTS, 2)
    return f"What has to do with {' or '.join(used)} goes together, and {draw.pick(_KINDS)} is mostly wanted."


def titles(material: Material, draw: Draw, least: int, most: int | None) -> list[str]:
    """As many distinct names as the task asks for (``about N``, at most 200), within the given bounds.

    A list of names that was given to be tidied is drawn from; otherwise each name is about another line.
    """
    asked = re.search(r"about (\d+) ", material.task)
    count = max(least, min(int(asked.group(1)), _MOST_TITLES) if asked else 3)
    count = count if most is None else min(count, most)
    lines = material.lines("inside")
    found = {name.casefold(): name for name in draw.some([] if lines else material.lines("data"), count)}
    for attempt in range(4 * count):
        if len(found) >= count:
            break
        words = telling(lines[attempt % len(lines)]) if lines else material.words
        name = title([*words[:2], draw.pick(_SUBJECTS)] if attempt >= max(len(lines), 2) else words, draw)
        found.setdefault(name.casefold(), name)
    made = list(found.values())
    return [*made, *(f"{title((), draw)} {place}" for place in range(len(made), count))]


def schema_in(body: dict[str, Any]) -> str:
    """The text from where a JSON Schema stands in the prompt; empty where there is none."""
    for message in reversed(body["messages"]):
        if message["role"] == "user":
            text = text_of(message["content"])
            at = text.rfind(_SCHEMA_MARK)
            if at >= 0:
                return text[at + len(_SCHEMA_MARK) :].lstrip()
    return ""
