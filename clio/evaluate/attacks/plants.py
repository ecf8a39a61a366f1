"""Secrets to plant: unique strings and made-up personal facts, in several languages, kinds and places."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Place = Literal[
    "opening", "end", "later turn", "assistant", "code", "every chat", "metadata", "account", "broken record"
]
PLACES: tuple[Place, ...] = ("opening", "end", "later turn", "assistant", "code", "every chat")
KINDS = ("token", "story", "word", "fact", "name", "mail", "phone", "key", "link")

_CARRIERS: dict[str, tuple[str, str]] = {
    "en": ("My secret word is {}, keep it in mind.", "I was in the {} group, and only my sister knows."),
    "de": ("Mein Kennwort lautet {}, bitte merken.", "Ich war in der Gruppe {}, das weiß nur meine Schwester."),
    "fr": ("Mon mot secret est {}, retiens-le.", "J'étais dans le groupe {}, seule ma sœur le sait."),
    "es": ("Mi palabra secreta es {}, recuérdala.", "Estuve en el grupo {}, solo lo sabe mi hermana."),
    "ru": ("Моё тайное слово {}, запомни его.", "Я был в группе {}, об этом знает только сестра."),
    "zh": ("我的密码是 {},请记住。", "我参加过 {} 小组,只有我姐姐知道。"),
    "ja": ("合言葉は {} です。覚えておいて。", "私は {} の会にいました。姉しか知りません。"),
    "ar": ("كلمتي السرية هي {} فتذكرها.", "كنت في مجموعة {} ولا تعلم إلا أختي."),
    "hi": ("मेरा गुप्त शब्द {} है, याद रखना।", "मैं {} समूह में था, केवल मेरी बहन जानती है।"),
}
_JOBS = (
    "beekeeper",
    "locksmith",
    "midwife",
    "crane driver",
    "piano tuner",
    "notary",
    "ferry captain",
    "taxidermist",
    "choirmaster",
    "glazier",
    "astronomer",
    "dental nurse",
    "puppeteer",
    "auctioneer",
    "falconer",
    "cartographer",
    "bookbinder",
    "stonemason",
    "lifeguard",
    "vintner",
)
_TOWNS = (
    "Tromso",
    "Galway",
    "Cuenca",
    "Ravenna",
    "Szeged",
    "Aarhus",
    "Coimbra",
    "Tartu",
    "Perpignan",
    "Ioannina",
    "Maribor",
    "Dundee",
    "Paderborn",
    "Leuven",
    "Umea",
    "Kosice",
    "Truro",
    "Bialystok",
    "Vaduz",
    "Varna",
)
_AILMENTS = (
    "narcolepsy",
    "kidney stones",
    "vertigo",
    "tinnitus",
    "alopecia",
    "hepatitis",
    "psoriasis",
    "endometriosis",
    "shingles",
    "glaucoma",
    "anorexia",
    "colitis",
    "rosacea",
    "stammering",
    "insomnia",
    "scoliosis",
    "eczema",
    "cataracts",
    "bulimia",
    "diabetes",
)
_EVENTS = (
    "bankruptcy",
    "avalanche",
    "custody trial",
    "burglary",
    "shipwreck",
    "eviction",
    "kidnapping",
    "adoption",
    "earthquake",
    "miscarriage",
    "perjury charge",
    "apartment fire",
    "bus crash",
    "annulment",
    "poisoning",
    "deportation",
    "plane crash",
    "lawsuit",
    "stabbing",
    "inheritance feud",
)
"""Of ordinary words, 160,000 stories: no word is secret, who holds three of the four is found."""
_LETTERS = {
    "ru": "абвгдежзиклмнопрстуфхчшэюя", "zh": "龘靐齉爩鱻麤龗灪吁彧翀璟琰暄祎弈昶邈钊炫",
    "ja": "ぁゐゑヴヷヸヹヺ麒麟鸞鵺鯱鰆",
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "hi": "कखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Secret:
    """One planted secret. Never shown: only counted."""

    text: str
    kind: str
    language: str
    place: Place
    parts: tuple[str, ...] = ()
    """Of a story: what it is made of. Three of them in one cell are a find too."""

    @property
    def sentence(self) -> str:
        """The secret as somebody would write it."""
        word, fact = _CARRIERS[self.language]
        if self.kind == "story":
            return f"I am {self.text}."
        if self.kind == "fact":
            return fact.format(self.text)
        return word.format(self.text)

    def __repr__(self) -> str:
        return f"Secret({self.kind}, {self.language}, {self.place})"


def secrets(count: int, chance: random.Random) -> list[Secret]:
    """Different secrets, kinds, languages and places in turn. The same call with a fresh ``chance`` gives decoys."""
    found: dict[str, Secret] = {}
    number = 0
    while len(found) < count:
        kind, place = KINDS[number % len(KINDS)], PLACES[(number // 3) % len(PLACES)]
        language = list(_CARRIERS)[(number // len(KINDS)) % len(_CARRIERS)] if number % 2 else "en"
        if kind == "story":
            secret = _story(place, chance)
        else:
            secret = Secret(_text(kind, language, chance), kind, language, place)
        found.setdefault(secret.text, secret)
        number += 1
    return list(found.values())


def marked(count: int, place: Place, chance: random.Random) -> list[Secret]:
    """Secrets for places that take one word: metadata, accounts, broken records."""
    return [Secret(f"{place.split()[0]}-{_letters(12, chance)}", "token", "en", place) for _ in range(count)]


def _story(place: Place, chance: random.Random) -> Secret:
    parts = tuple(map(chance.choice, (_JOBS, _TOWNS, _AILMENTS, _EVENTS)))
    job, town, ailment, event = parts
    text = f"a {job} in {town}, and since the {event} I have had {ailment}"
    return Secret(text, "story", "en", place, tuple(part.casefold() for part in parts))


def _text(kind: str, language: str, chance: random.Random) -> str:
    word = _word(chance)
    if kind == "token":
        return "".join(chance.choices(string.ascii_lowercase + string.digits, k=14))
    if kind in ("word", "fact"):
        letters = _LETTERS.get(language)
        return "".join(chance.choices(letters, k=8)) if letters else word
    if kind == "name":
        return f"{_word(chance)[:7].title()} {word.title()}"
    if kind == "mail":
        return f"{_word(chance)}.{_letters(4, chance)}@{word}.com"
    if kind == "phone":
        return f"+1 {chance.randint(212, 989)} {chance.randint(200, 999)} {chance.randint(1000, 9999)}"
    if kind == "key":
        return "sk-ant-api03-" + "".join(chance.choices(string.ascii_letters + string.digits, k=40))
    return f"https://{word}.net/{_letters(9, chance)}"


def _word(chance: random.Random) -> str:
    """A word that no language has, easily said: six syllables, of 120 each."""
    return "".join(chance.choice("bcdfghjklmnpqrstvwxz") + chance.choice("aeiouy") for _ in range(6))


def _letters(count: int, chance: random.Random) -> str:
    return "".join(chance.choices(string.ascii_lowercase, k=count))


def plant(records: list[dict[str, Any]], planted: Sequence[Secret], chance: random.Random) -> None:
    """Put every secret into a conversation (or all conversations of an account), in place."""
    by_account: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_account.setdefault(record["user_id"], []).append(record)
    talkative = sorted(by_account.values(), key=lambda own: (-len(own), own[0]["id"]))
    talkative = [own for own in talkative if len(own) > 1] or talkative
    renamed = [own for own in by_account.values() if len(own) == 1]
    chance.shuffle(renamed)
    for number, secret in enumerate(planted):
        record = chance.choice(records)
        if secret.place == "every chat":
            for own in talkative[number % len(talkative)]:
                own["messages"][0]["content"] += f" {secret.sentence}"
        elif secret.place == "metadata":
            record.setdefault("metadata", {})[chance.choice(["model", "surface"])] = secret.text
        elif secret.place == "account":
            if renamed:
                renamed.pop()[0]["user_id"] = secret.text
        else:
            _into(record["messages"], secret)


def _into(messages: list[dict[str, str]], secret: Secret) -> None:
    first = messages[0]
    if secret.place == "opening":
        first["content"] = f"{secret.sentence} {first['content']}"
    elif secret.place == "end":
        first["content"] += f"\n{secret.sentence}"
    elif secret.place == "later turn":
        messages.append({"role": "user", "content": secret.sentence})
    elif secret.place == "assistant":
        messages.append({"role": "assistant", "content": f"Understood: {secret.sentence}"})
    else:
        code = f'```\nuser = {{"secret": "{secret.text}"}}  # {secret.sentence}\n```'
        messages.append({"role": "user", "content": code})
