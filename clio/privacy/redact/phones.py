"""Telephone numbers in any format. Candidates are runs of digits and separators; shapes decide, and the numbering
plans of ``phonenumbers`` where the shape alone does not.
"""

# ruff: noqa: E501 - a row of a table is one line, however long its pattern

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from clio.privacy.redact.spans import Ranges, Span

_SEPARATOR = r"(?: ?[-./()]{1,3} ?| )?"
_DIGIT = r"(?:\d|(?<=\d)[OolI]|(?<=\d[OolI])[OolI]|[OolI](?=\d))"
"""A digit, or a letter that stands for one beside a digit."""
_CANDIDATE = re.compile(
    rf"(?<!\d)(?:\+ ?\(?|\(\+?)?(?:\d|(?<![^\W_])[Oo](?=[\dOo])){_SEPARATOR}{_DIGIT}(?:{_SEPARATOR}{_DIGIT}){{4,24}}"
)
_EXTENSION = re.compile(r"(?i)[ ,;]{0,2}(?:ext\.?|extension|x|durchwahl|poste|ramal)[ .:]{0,2}\d{1,6}(?![A-Za-z0-9_])")

_UNIT = (
    r"(?:%|€|\$|£|¥|₹|usd|eur|gbp|dollars?|euros?|k?m|cm|mm|kg|g|mg|lbs?|oz|ml|px|ms|µs|ns|s|secs?|seconds?|minutes?|hours?|days?|years?|"
    r"bytes?|[kmgt]i?b|hz|[kmg]hz|people|users|rows|points|million|billion|inhabitants|tokens|parameters|steps|epochs|miles|°|lines)"
)
_SHIELDS = re.compile(
    "|".join(
        (
            r"(?<!\d)(?:1[5-9]|20)\d{2}([-/.])(?:0?[1-9]|1[0-2])\1(?:[0-2]?\d|3[01])(?!\d)(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?",
            r"(?<!\d)(?:[0-2]?\d|3[01])([-/.])(?:[0-2]?\d|3[01])\2(?:(?:1[5-9]|20)\d{2})(?!\d)",
            r"(?<![\d/])(?:[0-2]?\d|3[01])/(?:[0-2]?\d|3[01])/\d{2}(?![\d/])",
            r"(?<![\d.\-/+(])(?:1\d|20)\d{2} ?(?:-|/|to|until) ?(?:1\d|20)\d{2}(?![\d]|[-./ ]\d)",
            r"(?<!\d)\d{1,2}:\d{2}(?::\d{2})?(?!\d)",
            r"[$€£¥₹#] ?\d[\d.,' ]{0,20}",
            rf"(?i:(?<![\d+(])\d[\d.,' ]{{0,20}}?\d? ?{_UNIT}(?![A-Za-z0-9_]))",
            r"(?<![\d.+(-])-?\d{1,12}\.\d{1,20}(?![\d]|\.\d|[ -]\d{3})",
            r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\d|\.\d)",
            r"(?<![A-Za-z0-9_.])[vV]?\d{1,4}(?:\.\d{1,3}){1,3}(?:[-+.](?:rc|alpha|beta|dev|post|a|b)\.?\d{0,4})?(?![\d]|\.\d)",
            r"(?i:isbn(?:-1[03])?:? ?[\d-]{10,17})",
            r"(?i:(?<![0-9a-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})",
            r"(?<![\d+])\d{1,3}(?:,\d{3}){1,6}(?:\.\d{1,4})?(?!\d)",
        )
    )
)
"""What holds digits and separators and is no telephone number: dates, year ranges, times, prices, measures, decimals,
dotted versions, ISBNs, UUIDs, numbers with thousands commas."""

_CALL = re.compile(
    r"(?i)(?:phone|tel[.:e\W]|call|mobile|cell|whats ?app|fax|dial|text me|contact|reach me|number is|sms|handy|rufnummer|nummer|móvil|"
    r"teléfono|celular|telefone|portable|numéro|llám|ligue|cellulare|телефон|тел\.|номер|电话|電話|手机|手機|联系|携帯|전화|연락처|फ़ोन|هاتف|جوال|طلפון|טלפון)"
)
_REGIONS = ("US", "GB", "DE", "FR", "IN", "CN", "BR", "RU", "ES", "IT", "JP", "MX", "PL", "TR", "AU", "NL", "KR", "SE")
_WORDS = r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)"
_SPELLED = re.compile(rf"(?i)(?<![a-z]){_WORDS}(?:[ ,-]{{1,2}}{_WORDS}){{6,14}}(?![a-z])")
_VANITY = re.compile(r"(?<![A-Za-z0-9_-])1?[ -]?\(?8(?:00|33|44|55|66|77|88)\)?[ -][A-Z][A-Z-]{5,8}(?![A-Za-z0-9_])")


def _is_real(digits: str, international: bool) -> bool:
    """Whether some numbering plan has this number. Import is deferred: the plans take a while to load."""
    import phonenumbers

    for region in (None,) if international else _REGIONS:
        try:
            number = phonenumbers.parse("+" + digits if international else digits, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return True
    return False


def _accept(text: str, near: bool) -> bool:
    groups = re.findall(r"\d+", text)
    digits = "".join(groups)
    n = len(digits)
    if not 6 <= n <= 16 or len(set(digits)) < 2:
        return False
    if text.startswith(("+", "(+")) and n >= 7:
        return n <= 15
    if n > 15 or n < (6 if near else 7):
        return False
    if digits.startswith("00") and n >= 10:
        return _is_real(digits[2:], True) or near or len(groups) > 2
    if near and n <= 13:
        return True
    if len(groups) == 1:
        if n in (10, 11) and not (n == 10 and digits[0] == "1"):
            return _is_real(digits, False)
        return (n == 9 and digits[0] in "0679" and _is_real(digits, False)) or (
            n in (12, 13) and _is_real(digits, True)
        )
    if all(len(group) == 1 for group in groups):
        steps = {int(b) - int(a) for a, b in itertools.pairwise(digits)}
        return 10 <= n <= 12 and len(set(digits)) >= 4 and len(steps) > 2
    return _grouped(text, groups, n)


def _grouped(text: str, groups: list[str], n: int) -> bool:
    """Digits in groups with no country code, no keyword: trunk prefix, brackets, or groups as numbers are spoken."""
    sizes = [len(group) for group in groups]
    if n > 13 or max(sizes) > 8 or any(size == 1 for size in sizes[1:] if "(0)" not in text):
        return False
    if text.startswith("(") and ")" in text[:8]:
        return n >= 7
    dashed, dotted = "-" in text, "." in text
    if dotted and not dashed and " " not in text:
        return n >= 9 and len(groups) >= 3 and min(sizes) >= 2
    if n == 7:
        return sizes == [3, 4] and not text.endswith("000")
    if n == 8:
        return (
            sizes in ([2, 2, 2, 2], [4, 4], [2, 6], [2, 3, 3], [3, 2, 3], [3, 3, 2])
            and not _years(groups)
            and not text.endswith("000")
        )
    if len(groups) == 2:
        one_area = digits_start(groups) or "-" in text or " " in text
        round_numbers = all(group.endswith("00") for group in groups)
        return 9 <= n <= 12 and min(sizes) >= 2 and one_area and not round_numbers and not _years(groups)
    thousands = sizes[1:] == [3] * len(sizes[1:]) and text.endswith("000")
    return n >= 9 and not thousands and not _years(groups)


def digits_start(groups: list[str]) -> bool:
    """Whether the first group is a trunk prefix with an area code."""
    return groups[0].startswith("0")


def _years(groups: list[str]) -> bool:
    return sum(bool(re.fullmatch(r"1[5-9]\d\d|20\d\d", group)) for group in groups) >= 2


def _within(candidate: str, near: bool) -> Iterator[tuple[int, int]]:
    """The ranges of whole digit groups that are numbers, longest first from the left. At most 48 tries."""
    groups = [match.span() for match in re.finditer(r"\d+", candidate)]
    at, tries = 0, 0
    while at < len(groups) and tries < 48:
        opening = groups[at][0]
        while (opening > 0 and candidate[opening - 1] in "+(") or (
            opening > 1 and candidate[opening - 1] == " " and candidate[opening - 2] == "+"
        ):
            opening -= 1
        for last in range(min(len(groups), at + 12), at, -1):
            end = groups[last - 1][1]
            tries += 1
            if _accept(candidate[opening:end], near):
                yield opening, end
                at = last
                break
        else:
            at += 1


class PhoneDetector:
    """Finds telephone numbers in a normalised view."""

    name = "phone"

    @property
    def version(self) -> str:
        """That of the numbering plans."""
        import phonenumbers

        return f"phonenumbers {phonenumbers.__version__}"

    def detect(self, view: str) -> list[Span]:
        """Spans of type PHONE; linear in the length of the view, for candidates and tries are bounded."""
        found = [Span(*match.span(), "PHONE", "phone-spelled", 0.8) for match in _SPELLED.finditer(view)]
        found += [Span(*match.span(), "PHONE", "phone-vanity", 0.9) for match in _VANITY.finditer(view)]
        shields = Ranges(match.span() for match in _SHIELDS.finditer(view))
        for match in _CANDIDATE.finditer(view):
            found += self._in_candidate(view, match, shields)
        return found

    def _in_candidate(self, view: str, match: re.Match[str], shields: Ranges) -> Iterator[Span]:
        start, text = match.start(), match.group()
        if sum(c.isdigit() for c in text) < 6:
            return
        if re.search(r"[OolI]", text):
            if text[0] in "OolI" and start and view[start - 1].isalnum():
                return
            text = re.sub(r"[lI]", "1", re.sub(r"[Oo]", "0", text))
        before = view[max(0, start - 2) : start]
        if not text.startswith("+") and re.search(r"[A-Za-z][-_/]$|[$€£¥₹#]$|[$€£¥₹#] $", before):
            return
        glued = before[-1:].isalnum() or before[-1:] == "_" or view[match.end() : match.end() + 1].isalpha()
        near = bool(_CALL.search(view, max(0, start - 32), start))
        for piece_start, piece_end in _within(text, near):
            piece = text[piece_start:piece_end]
            a, b = start + piece_start, start + piece_end
            if glued and not re.search(r"[^\d]", piece) and not near:
                continue
            against = (not _is_inside(s, e, a, b, piece) for s, e in shields.meeting(a, b))
            if not piece.startswith(("+", "(+")) and any(against):
                continue
            extension = _EXTENSION.match(view, b)
            yield Span(
                a, extension.end() if extension else b, "PHONE", self.name, 1.0 if piece.startswith("+") else 0.8
            )


def _is_inside(start: int, end: int, a: int, b: int, piece: str) -> bool:
    """Whether a shield covers so little of a number that it does not speak against it."""
    return (end - start) * 2 < b - a and len(re.findall(r"\d", piece)) >= 9
