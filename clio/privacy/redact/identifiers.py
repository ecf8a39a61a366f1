"""Rules for what identifies a person by its shape: mail, card, IBAN, IP, handle, path. Sister tables: ``national``
(id numbers), ``addresses``, ``urls``, ``phones``.
"""

# ruff: noqa: E501 - a row of a table is one line, however long its pattern

from __future__ import annotations

import ipaddress
import re

from clio.privacy.redact.addresses import RULES as ADDRESSES
from clio.privacy.redact.national import RULES as NATIONAL
from clio.privacy.redact.spans import Rule, words
from clio.privacy.redact.urls import RULES as URLS

_TLDS = (
    "com|net|org|edu|gov|mil|int|info|biz|name|pro|dev|app|io|ai|co|me|tv|cc|xyz|online|site|tech|cloud|email|"
    "ar|at|au|be|bg|br|ca|ch|cl|cn|cz|de|dk|ee|es|eu|fi|fr|gr|hk|hr|hu|ie|il|in|ir|is|it|jp|kr|lt|lu|lv|mx|my|nl|no|"
    "nz|pe|ph|pk|pl|pt|ro|rs|ru|sa|se|sg|si|sk|th|tr|tw|ua|uk|us|vn|za"
)
_LOCAL = frozenset(".+%-_'!#$&*=~^")


def _mail(match: re.Match[str]) -> tuple[int, int] | None:
    """Walk left from the at sign over at most 64 characters of a local part."""
    text, at = match.string, match.start()
    start, least = at, max(0, at - 64)
    if text[at - 1 : at] == '"':
        quote = text.rfind('"', least, at - 1)
        return (quote, match.end()) if quote >= 0 and "\n" not in text[quote:at] else None
    while start > least and (text[start - 1].isalnum() or text[start - 1] in _LOCAL or _mark(text[start - 1])):
        start -= 1
    while start < at and text[start] in ".+%-'!#$&*=~^":
        start += 1
    equals = text.rfind("=", start, at)
    if equals >= 0:
        start = equals + 1
    # An escape that the text has kept is not part of the address.
    if start and text[start - 1] == "\\" and text[start : start + 1] in ("n", "r", "t") and at - start > 1:
        start += 1
    return (start, match.end()) if start < at else None


def _mark(letter: str) -> bool:
    return not letter.isascii() and not letter.isspace() and letter.isidentifier()


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


_ISSUER = re.compile(r"3[04-9]|4|5[0-8]|6|2[2-7]|1800|2131|9792|81")
_DOTTED_CARD = re.compile(r"\d{4}(?:\.\d{4}){2,4}")
_FOUR_BY_FOUR = re.compile(r"[3-6]\d{3}([ .-]{1,2}\d{4}){3}")


def _card(match: re.Match[str]) -> tuple[int, int] | None:
    """The longest run of whole digit groups that has an issuer's prefix and passes Luhn; four groups of four pass as
    they are, for a card may be mistyped.
    """
    text, start = match.group(), match.start()
    before = match.string[max(0, start - 2) : start]
    if before and (before[-1] in "$€£¥" or (before[-1] in ".," and before[0].isdigit())):
        return None
    found = [i for i, c in enumerate(text) if c.isdigit()]
    digits, dot = "".join([text[i] for i in found]), text.find(".")
    if not _ISSUER.match(digits):
        return None
    for count in range(min(19, len(digits)), 11, -1):
        end, known = found[count - 1] + 1, digits[:count]
        if (count < len(digits) and found[count] == end) or len(set(known)) < 2:
            continue
        if 0 <= dot < end and not _DOTTED_CARD.fullmatch(text, 0, end):
            continue  # a decimal number
        if _luhn(known) or _FOUR_BY_FOUR.fullmatch(text, 0, end):
            return start, start + end
    return None


_IBAN_LENGTHS = {
    code: int(length)
    for code, length in (
        pair.split(":")
        for pair in [
            "AD:24",
            "AE:23",
            "AL:28",
            "AT:20",
            "AZ:28",
            "BA:20",
            "BE:16",
            "BG:22",
            "BH:22",
            "BR:29",
            "BY:28",
            "CH:21",
            "CR:22",
            "CY:28",
            "CZ:24",
            "DE:22",
            "DK:18",
            "DO:28",
            "EE:20",
            "EG:29",
            "ES:24",
            "FI:18",
            "FO:18",
            "FR:27",
            "GB:22",
            "GE:22",
            "GI:23",
            "GL:18",
            "GR:27",
            "GT:28",
            "HR:21",
            "HU:28",
            "IE:22",
            "IL:23",
            "IQ:23",
            "IS:26",
            "IT:27",
            "JO:30",
            "KW:30",
            "KZ:20",
            "LB:28",
            "LC:32",
            "LI:21",
            "LT:20",
            "LU:20",
            "LV:21",
            "LY:25",
            "MC:27",
            "MD:24",
            "ME:22",
            "MK:19",
            "MR:27",
            "MT:31",
            "MU:30",
            "NL:18",
            "NO:15",
            "PK:24",
            "PL:28",
            "PS:29",
            "PT:25",
            "QA:29",
            "RO:24",
            "RS:22",
            "SA:24",
            "SC:31",
            "SE:24",
            "SI:19",
            "SK:24",
            "SM:27",
            "ST:25",
            "SV:28",
            "TL:23",
            "TN:24",
            "TR:26",
            "UA:29",
            "VA:22",
            "VG:24",
            "XK:20",
        ]
    )
}
"""Total length by country (ISO 13616 registry)."""


def _iban(match: re.Match[str]) -> tuple[int, int] | None:
    text = match.group()
    length = _IBAN_LENGTHS.get(text[:2].upper())
    if length is None:
        return None
    taken, seen = 0, 0
    for letter in text:
        taken += 1
        seen += letter.isalnum()
        if seen == length:
            break
    plain = "".join(c for c in text[:taken] if c.isalnum()).upper()
    if len(plain) != length:
        return None
    number = "".join(str(int(c, 36)) for c in plain[4:] + plain[:4])
    return (match.start(), match.start() + taken) if int(number) % 97 == 1 else None


_PUBLIC_IPS = frozenset(("1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "169.254.169.254"))
_VERSION = re.compile(r"(?i)(?:(?<![a-z])(?:version|release|build|ver\.?|v)|==|>=|<=|~=|\^)\s{0,2}$")


def _ipv4(match: re.Match[str]) -> tuple[int, int] | None:
    text = match.group(1)
    if any(int(part) > 255 or (len(part) > 1 and part[0] == "0") for part in text.split(".")):
        return None
    if text in _PUBLIC_IPS or text.startswith(("127.", "0.", "255.")):
        return None
    if _VERSION.search(match.string, max(0, match.start() - 12), match.start()):
        return None
    return match.span()


def _ipv6(match: re.Match[str]) -> tuple[int, int] | None:
    text = match.group().split("%")[0].rstrip(":") if not match.group().endswith("::") else match.group()
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    groups = [part for part in text.split(":") if part]
    if address.is_loopback or address.is_unspecified or len(groups) < 2 or not any(c.isdigit() for c in text):
        return None
    if len(groups) < 4 and not re.match(r"(?i)2[0-9a-f]{3}:|fe80|f[cd][0-9a-f]{2}:", text):
        return None
    return match.start(), match.start() + len(text)


_NOT_HANDLES = words(
    "notice echo title inheritdoc natspec off param params return returns throws see since deprecated author override overload property staticmethod classmethod "
    "dataclass pytest app api media import keyframes font supports charset page layer tailwind apply include mixin extend "
    "test before after autowired component service controller injectable input output id entity table column state "
    "environmentobject main objc published escaping available swift angular babel types vue nestjs todo everyone here "
    "channel all gmail yahoo hotmail outlook example click change submit model property functools lru_cache cached_property "
    "abstractmethod contextmanager wraps jit njit cuda tf torch task route get post put delete patch router bean "
    "requestmapping getmapping postmapping restcontroller springbootapplication suppresswarnings nullable notnull data "
    "getter setter builder value if else endif section yield foreach extends end csrf username user handle name you "
    "decorator fixture given when then slot typedef example private public protected readonly memberof version license "
    "ts ng use forward return"
)


def _handle(match: re.Match[str]) -> tuple[int, int] | None:
    """Not a decorator, an annotation, a style rule, a package scope or the tail of a mail."""
    text, start = match.string, match.start()
    name = match.group(1).rstrip(".-")
    after = text[start + 1 + len(name) : start + 2 + len(name)]
    if (
        name.lower().split(".")[0] in _NOT_HANDLES
        or after in ("/", "(", "{", "=", "[")
        or name.isdigit()
        or len(name) < 2
    ):
        return None
    line = text[text.rfind("\n", max(0, start - 200), start) + 1 : start]
    alone = not line.strip() and after in ("\n", "")
    if alone and re.match(
        r"\s*(?:@|def |class |async |public |private |export |function |func |fn |val |var )",
        text[start + 1 + len(name) : start + 80 + len(name)],
    ):
        return None
    return start, start + 1 + len(name)


_NO_USER = words(
    "admin root user username login name none null true false test guest your my the is not required optional string "
    "here and or for me you it that this was on with handle account id password field email input who what how"
)


def _named_handle(match: re.Match[str]) -> tuple[int, int] | None:
    """A name after "username:" or "my instagram is"; after "is" it must look like no word."""
    name = match.group(2).rstrip(".-")
    if name.lower() in _NO_USER or len(name) < 3 or match.string[match.start(2) + len(name) :][:1] in ("(", "["):
        return None
    if "=" not in match.group(1) and ":" not in match.group(1) and not re.search(r"[0-9_.]", name):
        return None
    if "=" in match.group(1) and re.fullmatch(r"[a-z_]+\.[a-z_.]+", name):
        return None
    return match.start(2), match.start(2) + len(name)


_NO_HOME = words(
    "user users username runner ubuntu debian app node jovyan vagrant pi ec2-user admin root git docker public default "
    "shared me you yourname your_name your-name yourusername your_username name linuxbrew airflow www-data circleci "
    "vscode postgres hadoop spark build ci test"
)


def _home(match: re.Match[str]) -> tuple[int, int] | None:
    if match.group(1).lower().strip() in _NO_HOME:
        return None
    return match.start(), match.start() + len(match.group().rstrip(".,;:!?)]}"))


_AT = r"(?:@|%40|&#64;|&#x40;|&commat;|\\u0040)"
_SPOKEN_AT = r"(?:\s?[\[({<_*-]\s?(?:at|ät|arroba|a t)\s?[\])}>_*-]\s?)"
_SPOKEN_DOT = (
    r"(?:\s?[\[({<_*-]\s?(?:dot|punto|ponto|punkt|point|\.)\s?[\])}>_*-]\s?| (?:dot|punto|ponto|punkt|point) | ?\. ?)"
)
_WORD_DOT = r"(?: (?:dot|punto|ponto|punkt|point) |\s?[\[({]\s?(?:dot|\.)\s?[\])}]\s?)"
_NAME_PART = r"[\w+-]{1,40}(?:(?: ?\. ?|\s?[\[({]\s?dot\s?[\])}]\s?| dot | punto | ponto | punkt | underscore | dash )[\w+-]{1,40}){0,3}"
_TOP = rf"(?:{_TLDS})(?![\w@-])"

RULES: tuple[Rule, ...] = (
    Rule(
        "email", "EMAIL",
        re.compile(_AT + r"(?:(?:[\w-]{1,63}\.){1,8}(?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,24})(?![A-Za-z0-9_])|\[?\d{1,3}(?:\.\d{1,3}){3}\]?|(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24})"),
        "write to jane.doe%40example.co.uk", ("@", "%40", "&#64;", "&#x40;", "&commat;", "\\u0040"), _mail,
    ),
    Rule(
        "email-marked", "EMAIL",
        re.compile(rf"(?i)(?<![\w.+-]){_NAME_PART}{_SPOKEN_AT}[\w-]{{1,40}}(?:{_SPOKEN_DOT}[\w-]{{1,40}}){{0,3}}{_SPOKEN_DOT}{_TOP}"),
        "jane [at] example [dot] com", ("at", "ät", "arroba", "a t"),
    ),
    Rule(
        "email-words", "EMAIL",
        re.compile(rf"(?i)(?<![\w.+-]){_NAME_PART}\s?(?: at | arroba | ät |@)\s?[\w-]{{1,40}}(?:{_WORD_DOT}[\w-]{{1,40}}){{0,3}}{_WORD_DOT}{_TOP}"),
        "jane doe at example dot com", (" at ", " arroba ", " ät ", "@"),
    ),
    Rule(
        "email-spaced", "EMAIL",
        re.compile(rf"(?i)(?<![\w.+-]){_NAME_PART} ?@ ?[\w-]{{1,40}}(?: ?\. ?[\w-]{{1,40}}){{0,3}} ?\. ?{_TOP}"),
        "jane . doe @ example . com", ("@",),
    ),
    Rule(
        "email-split", "EMAIL",
        re.compile(rf"(?i)(?<![\w.+-])[\w.+-]{{1,64}} (?:at|@) (?:gmail|googlemail|hotmail|outlook|yahoo|icloud|protonmail|proton|gmx|qq|163|mail|web|live)(?: ?\.? ?{_TOP})?(?![\w@-])"),
        "janedoe42 at gmail", (" at ", " @ "),
        lambda m: m.span() if re.search(r"[0-9._@]", m.group()) else None,
    ),
    Rule(
        "card", "CARD", re.compile(r"(?<!\d)\d(?:[ .\-]{0,2}\d){11,18}(?!\d)"),
        "card 4111 1111 1111 1111", (), _card,
    ),
    Rule(
        "card-keyword", "CARD",
        re.compile(r"(?i)(?<![a-z])(?:credit|debit|visa|mastercard|amex|american express|card)(?: card)?(?: (?:number|no\.?|num|#))?(?: is| was)?[\s:#=]{1,4}(\d(?:[ -]?\d){11,18})(?!\d)"),
        "my card number is 4111 1111 1111 1112", ("card", "visa", "amex", "credit"), group=1, score=0.9,
    ),
    Rule(
        "card-code", "CARD", re.compile(r"(?i)(?<![a-z])(?:cvv2?|cvc2?|security code)(?: is| code)?[\s:#=]{1,3}(\d{3,4})(?!\d)"),
        "cvv: 123", ("cvv", "cvc", "security code"), group=1, score=0.9,
    ),
    Rule(
        "iban", "ID", re.compile(r"(?i)(?<![a-z0-9])[a-z]{2}\d{2}(?:[ -]?[a-z0-9]){11,30}"),
        "IBAN GB82 WEST 1234 5698 7654 32", (), _iban,
    ),
    Rule(
        "ipv4", "IP", re.compile(r"(?<![A-Za-z0-9_.])(\d{1,3}(?:\.\d{1,3}){3})(?::\d{2,5}|/\d{1,2})?(?![A-Za-z0-9_]|\.\d)"),
        "from 203.0.113.57:8080", (), _ipv4,
    ),
    Rule(
        "ipv6", "IP", re.compile(r"(?<![A-Za-z0-9_:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?:%\w{1,12})?"),
        "from 2001:db8:85a3::8a2e:370:7334", (":",), _ipv6,
    ),
    Rule(
        "mac", "ID", re.compile(r"(?<![A-Za-z0-9_:-])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![A-Za-z0-9_:-])|(?<![A-Za-z0-9_:-])(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}(?![A-Za-z0-9_:-])"),
        "a4:83:e7:1b:2c:9d", (),
    ),
    Rule(
        "handle", "HANDLE", re.compile(r"(?<![A-Za-z0-9_.@/+%\\-])@([A-Za-z0-9_][\w.-]{0,38})"),
        "follow @jane_doe42", ("@",), _handle, score=0.8,
    ),
    Rule(
        "reddit-user", "HANDLE", re.compile(r"(?<![A-Za-z0-9_/])/?u/([A-Za-z0-9_-]{3,20})(?![A-Za-z0-9_/])"),
        "see u/jane_doe42", ("u/",), score=0.9,
    ),
    Rule(
        "discord-tag", "HANDLE", re.compile(r"(?<![A-Za-z0-9_#])[\w.]{2,32}#\d{4}(?![A-Za-z0-9_])"),
        "add jane#4821", ("#",), lambda m: m.span() if re.match(r"[^\W\d]", m.group()) else None, score=0.8,
    ),
    Rule(
        "handle-keyword", "HANDLE",
        re.compile(r"(?i)(?<![a-z0-9_])(?:instagram|insta|ig|twitter|snap(?:chat)?|telegram|discord|tiktok|skype|wechat|steam|psn|gamertag|"
                   r"user ?name|user_name|login|handle|screen name|benutzername|usuario|identifiant)(?: id| name| handle| user)?"
                   r"([\"']?\s{0,2}(?:is|=|:|es|ist|est|@)\s{0,2}[\"'@]{0,2})([A-Za-z0-9_][\w.-]{2,38})"),
        "my instagram is jane_doe42",
        ("insta", "ig", "twitter", "snap", "telegram", "discord", "tiktok", "skype", "wechat", "steam", "psn", "gamertag",
         "user", "login", "handle", "screen name", "benutzername", "usuario", "identifiant"),
        _named_handle, score=0.8,
    ),
    Rule(
        "path-posix", "PATH",
        re.compile(r"(?<![A-Za-z0-9_/])(?:file://|/mnt/[a-z]|/[a-z](?=/Users))?/{1,2}(?:home|Users|usr/home|export/home|var/home)/([A-Za-z0-9._-]{1,40})(?:/[^\s\"'`<>|*?;]{0,260})?"),
        "open /home/jane/notes.txt", ("/home/", "/users/"), _home,
    ),
    Rule(
        "path-windows", "PATH",
        re.compile(r"(?i)(?:[a-z]:|%systemdrive%|\\\\[\w.$-]{1,40})[\\/]{1,4}(?:users|documents and settings|dokumente und einstellungen|home|profiles)[\\/]{1,4}"
                   r"((?:[^\\/:*?\"<>|\n\s]{1,40})(?:[ ][^\\/:*?\"<>|\n\s]{1,30}){0,3}(?=[\\/])|[^\\/:*?\"<>|\n\s]{1,40})(?:[\\/][^\s\"'`<>|*?;]{0,260})?"),
        "C:\\Users\\Jane Doe\\cv.docx", ("users", "settings", "home", "profiles", "einstellungen"), _home,
    ),
    *URLS,
    *NATIONAL,
    *ADDRESSES,
)  # fmt: skip
