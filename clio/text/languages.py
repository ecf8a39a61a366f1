"""English names of languages, and whether a text looks English, without a model."""

from __future__ import annotations

from collections.abc import Sequence

from clio.text.stopwords import BY_LANGUAGE, ENGLISH
from clio.text.words import PLACEHOLDER, Word, words

NAMES = {
    "af": "Afrikaans", "ar": "Arabic", "az": "Azerbaijani", "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali",
    "bs": "Bosnian", "ca": "Catalan", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "eo": "Esperanto", "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "ga": "Irish", "gu": "Gujarati", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian",
    "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "is": "Icelandic", "it": "Italian", "ja": "Japanese",
    "ka": "Georgian", "kk": "Kazakh", "ko": "Korean", "la": "Latin", "lg": "Ganda", "lt": "Lithuanian",
    "lv": "Latvian", "mi": "Maori", "mk": "Macedonian", "mn": "Mongolian", "mr": "Marathi", "ms": "Malay",
    "nb": "Norwegian", "nl": "Dutch", "nn": "Norwegian", "no": "Norwegian", "pa": "Punjabi", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovene", "sn": "Shona",
    "so": "Somali", "sq": "Albanian", "sr": "Serbian", "st": "Sotho", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil",
    "te": "Telugu", "th": "Thai", "tl": "Tagalog", "tn": "Tswana", "tr": "Turkish", "ts": "Tsonga", "uk": "Ukrainian",
    "ur": "Urdu", "vi": "Vietnamese", "xh": "Xhosa", "yo": "Yoruba", "zh": "Chinese", "zu": "Zulu",
}  # fmt: skip
"""ISO 639-1 code to English name."""


def language_name(code: str) -> str:
    """English name of a language by its ISO 639-1 code (a region suffix is ignored); empty where unknown."""
    return NAMES.get(code.casefold().replace("_", "-").split("-")[0], "")


def looks_english(text: str) -> bool:
    """Whether a short text reads as English: Latin letters, and no other language's small words outnumber English's.

    A text without any small words counts as English when its letters are plain a to z.
    """
    return reads_english(text, [word for word in words(text) if word is not None])


def reads_english(text: str, found: Sequence[Word]) -> bool:
    """As :func:`looks_english`, for a text whose words are known."""
    share = 1.0
    if not text.isascii():
        letters = [character for character in PLACEHOLDER.sub(" ", text) if character.isalpha()]
        share = sum(character.isascii() for character in letters) / len(letters) if letters else 1.0
    if share < _PLAIN_SHARE:
        return False
    folded = [word.text.casefold().replace("’", "'") for word in found]
    english = sum(word in ENGLISH for word in folded)
    if english * 2 >= len(folded):
        return True
    other = max(sum(word in small for word in folded) for small in _ONLY.values())
    return english >= other if english or other else share >= _ALL_PLAIN


_PLAIN_SHARE = 0.9
"""Least share of plain a to z among the letters of an English text (names and loan words carry accents)."""
_ALL_PLAIN = 0.97
_ONLY = {code: small - ENGLISH for code, small in BY_LANGUAGE.items() if code != "en"}
