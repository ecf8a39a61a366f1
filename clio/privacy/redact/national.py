"""Numbers that a state or an institution gave to one person. A checksum decides where there is one; else a keyword."""

# ruff: noqa: E501 - a row of a table is one line, however long its pattern

from __future__ import annotations

import re

from clio.privacy.redact.spans import Check, Rule


def _digits(text: str) -> list[int]:
    return [int(c) for c in text if c.isdigit()]


def _weighted(digits: list[int], weights: tuple[int, ...]) -> int:
    return sum(d * w for d, w in zip(digits, weights, strict=False))


def _cpf(text: str) -> bool:
    d = _digits(text)
    first = _weighted(d, tuple(range(10, 1, -1))) * 10 % 11 % 10
    second = _weighted(d, tuple(range(11, 1, -1))) * 10 % 11 % 10
    return len(set(d)) > 1 and d[9:] == [first, second]


def _cnpj(text: str) -> bool:
    d = _digits(text)
    first = _weighted(d[:12], (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) * 10 % 11 % 10
    second = _weighted(d[:13], (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) * 10 % 11 % 10
    return d[12:] == [first, second]


def _dni(text: str) -> bool:
    plain = re.sub(r"[^A-Za-z0-9]", "", text).upper()
    number = plain[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return plain[-1] == "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23]


def _china(text: str) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return text[-1].upper() == "10X98765432"[_weighted([int(c) for c in text[:17]], weights) % 11]


def _nir(text: str) -> bool:
    plain = re.sub(r"\s", "", text).upper().replace("2A", "19").replace("2B", "18")
    return len(plain) == 15 and 97 - int(plain[:13]) % 97 == int(plain[13:])


def _steuer(text: str) -> bool:
    d = _digits(text)
    product = 10
    for digit in d[:10]:
        total = (digit + product) % 10 or 10
        product = total * 2 % 11
    return len(set(d[:10])) in (8, 9) and (11 - product) % 10 == d[10]


_VERHOEFF = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 4, 0, 6, 7, 8, 9, 5), (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7), (4, 0, 1, 2, 3, 9, 5, 6, 7, 8), (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2), (7, 6, 5, 9, 8, 2, 1, 0, 4, 3), (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)  # fmt: skip
_TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _aadhaar(text: str) -> bool:
    """Verhoeff's check: multiplication in the dihedral group D5, places turned by one permutation's powers."""
    check = 0
    for place, digit in enumerate(reversed(_digits(text))):
        for _ in range(place % 8):
            digit = _TURN[digit]
        check = _VERHOEFF[check][digit]
    return check == 0


def _pesel(text: str) -> bool:
    d = _digits(text)
    month, day = (d[2] * 10 + d[3]) % 20, d[4] * 10 + d[5]
    return (
        1 <= month <= 12
        and 1 <= day <= 31
        and (10 - _weighted(d[:10], (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10) % 10 == d[10]
    )


def _sweden(text: str) -> bool:
    d = _digits(text)[-10:]
    month, day = d[2] * 10 + d[3], d[4] * 10 + d[5]
    doubled = [x * 2 - 9 if i % 2 == 0 and x > 4 else x * 2 if i % 2 == 0 else x for i, x in enumerate(d)]
    return 1 <= month <= 12 and 1 <= day % 60 <= 31 and sum(doubled) % 10 == 0


def _finland(text: str) -> bool:
    number = int(text[:6] + text[7:10])
    return text[10].upper() == "0123456789ABCDEFHJKLMNPRSTUVWXY"[number % 31]


def _codice(text: str) -> bool:
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
    total = 0
    for place, letter in enumerate(text[:15].upper()):
        value = int(letter) if letter.isdigit() else ord(letter) - 65
        total += value if place % 2 else odd[value]
    return chr(65 + total % 26) == text[15].upper()


def _nhs(text: str) -> bool:
    d = _digits(text)
    return (11 - _weighted(d[:9], tuple(range(10, 1, -1))) % 11) % 11 == d[9]


def _korea(text: str) -> bool:
    d = _digits(text)
    return 1 <= d[2] * 10 + d[3] <= 12 and 1 <= d[4] * 10 + d[5] <= 31 and 1 <= d[6] <= 8


def _nric(text: str) -> bool:
    first, d, last = text[0].upper(), _digits(text), text[-1].upper()
    total = _weighted(d, (2, 7, 6, 5, 4, 3, 2)) + (4 if first in "TG" else 0)
    return last == ("JZIHGFEDCBA" if first in "ST" else "XWUTRQPNMLK")[total % 11]


def _ssn(text: str) -> bool:
    d = "".join(c for c in text if c.isdigit())
    return d[:3] not in ("000", "666") and d[3:5] != "00" and d[5:] != "0000"


def _passes(test: object) -> Check:
    def check(match: re.Match[str]) -> tuple[int, int] | None:
        return match.span() if callable(test) and test(match.group()) else None

    return check


_L, _R = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_ID_WORDS = (
    r"passport|passeport|pasaporte|reisepass|passnummer|driver'?s? licen[cs]e|driving licen[cs]e|licen[cs]e plate|number plate|plate|"
    r"kennzeichen|vin|mrn|medical record|patient|insurance|policy|member(?:ship)?|employee|staff|student|customer|client|account|"
    r"acct|a/c|routing|sort code|tax|tin|ein|itin|ssn|social security|social insurance|sin|nhs|national insurance|nino|bsn|tfn|"
    r"abn|cpf|cnpj|dni|nie|nif|curp|aadhaar|aadhar|pan|voter|visa|green card|case|claim|booking|reservation|confirmation|"
    r"pnr|frequent flyer|loyalty|imei|serial|personnummer|steuer-?id|steuernummer|personalausweis|sozialversicherung|"
    r"身份证|护照|마이넘버|マイナンバー|パスポート|паспорт|снилс|инн"
)


def _named(match: re.Match[str]) -> tuple[int, int] | None:
    """What follows the keyword must hold at least four digits and be no date or year."""
    value = match.group(1).rstrip(" -./")
    digits = sum(c.isdigit() for c in value)
    if digits < 4 or re.fullmatch(r"(?:19|20)\d\d|\d{4}-\d{2}-\d{2}", value):
        return None
    return match.start(1), match.start(1) + len(value)


_MONTHS = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|janvier|février|mars|avril|mai|juin|juillet|août|januar|februar|märz|"
    r"enero|febrero|marzo|abril|mayo|junio|julio|agosto|janeiro|fevereiro|março|maio)[a-zé]{0,9}\.?"
)
_DATE = (
    rf"(?:\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}}|\d{{1,2}}(?:st|nd|rd|th|\.|er)?(?: de| of)? {_MONTHS}(?:,| de)? \d{{2,4}}|"
    rf"{_MONTHS} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|\d{{4}} ?年 ?\d{{1,2}} ?月 ?\d{{1,2}} ?日)"
)

RULES: tuple[Rule, ...] = (
    Rule("us-ssn", "ID", re.compile(r"(?<![\d-])\d{3}([- .])\d{2}\1\d{4}(?!\d|-\d)"), "ssn 460-89-9847", (), _passes(_ssn)),
    Rule("uk-nino", "ID", re.compile(rf"(?i){_L}[a-ceghj-pr-tw-z][a-ceghj-npr-tw-z] ?\d\d ?\d\d ?\d\d ?[a-d]{_R}"), "AB 12 34 56 C"),
    Rule("uk-nhs", "ID", re.compile(r"(?i)nhs[^\n\d]{0,20}\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)"), "NHS number 943 476 5919", ("nhs",), lambda m: m.span() if _nhs(m.group()[-12:]) else None),
    Rule("br-cpf", "ID", re.compile(r"(?<!\d)\d{3}\.?\d{3}\.?\d{3}-\d{2}(?!\d)"), "111.444.777-35", ("-",), _passes(_cpf)),
    Rule("br-cnpj", "ID", re.compile(r"(?<!\d)\d{2}\.?\d{3}\.?\d{3}/\d{4}-\d{2}(?!\d)"), "11.222.333/0001-81", ("/",), _passes(_cnpj)),
    Rule("es-dni", "ID", re.compile(rf"(?i){_L}(?:\d{{8}}|[xyz]-?\d{{7}})[- ]?[a-z]{_R}"), "12345678Z", (), _passes(_dni)),
    Rule("cn-id", "ID", re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}(?:18|19|20)\d{2}(?:0\d|1[0-2])[0-3]\d{4}[\dXx](?![0-9A-Za-z])"), "11010519491231002X", (), _passes(_china)),
    Rule("fr-nir", "ID", re.compile(rf"{_L}[12] ?\d\d ?(?:[0-9]\d) ?(?:\d\d|2[AB]) ?\d{{3}} ?\d{{3}} ?\d\d{_R}"), "2 55 08 14 168 025 38", (), _passes(_nir)),
    Rule("de-steuer", "ID", re.compile(r"(?<!\d)[1-9]\d ?\d{3} ?\d{3} ?\d{3}(?!\d)"), "86095742719", (), _passes(_steuer)),
    Rule("in-aadhaar", "ID", re.compile(r"(?<!\d)[2-9]\d{3}[ -]\d{4}[ -]\d{4}(?![ -]?\d)"), "2341 2341 2346", (), _passes(_aadhaar)),
    Rule("in-pan", "ID", re.compile(rf"{_L}[A-Z]{{3}}[ABCFGHLJPT][A-Z]\d{{4}}[A-Z]{_R}"), "ABCPE1234F"),
    Rule("pl-pesel", "ID", re.compile(r"(?<!\d)\d{11}(?!\d)"), "44051401359", (), _passes(_pesel)),
    Rule("se-personnummer", "ID", re.compile(r"(?<!\d)(?:19|20)?\d{6}[-+]\d{4}(?!\d)"), "811218-9876", (), _passes(_sweden)),
    Rule("fi-hetu", "ID", re.compile(rf"{_L}[0-3]\d[01]\d{{3}}[-+ABCDEFYXWVU]\d{{3}}[0-9A-Y]{_R}"), "131052-308T", (), _passes(_finland)),
    Rule("it-codice", "ID", re.compile(rf"(?i){_L}[a-z]{{6}}\d\d[abcdehlmprst]\d\d[a-z]\d{{3}}[a-z]{_R}"), "RSSMRA85T10A562S", (), _passes(_codice)),
    Rule("kr-rrn", "ID", re.compile(r"(?<!\d)\d{6}-[1-8]\d{6}(?!\d)"), "900101-1234567", ("-",), _passes(_korea)),
    Rule("sg-nric", "ID", re.compile(rf"(?i){_L}[stfg]\d{{7}}[a-z]{_R}"), "S1234567D", (), _passes(_nric)),
    Rule("mx-curp", "ID", re.compile(rf"(?i){_L}[a-z]{{4}}\d{{6}}[hm][a-z]{{5}}[a-z0-9]\d{_R}"), "HEGG560427MVZRRL04"),
    Rule("eth-address", "ID", re.compile(rf"{_L}0x[0-9a-fA-F]{{40}}{_R}"), "0x52908400098527886E0F7030069857D2E4169EE7", ("0x",)),
    Rule("btc-address", "ID", re.compile(rf"{_L}bc1[ac-hj-np-z02-9]{{25,60}}{_R}"), "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", ("bc1",)),
    Rule("coordinates", "ADDRESS", re.compile(r"(?<![\d.])-?\d{1,2}\.\d{4,16}(?:°? ?[NS])?,? {0,2}-?\d{1,3}\.\d{4,16}(?![\d])"), "40.712776, -74.005974", score=0.8),
    Rule(
        "keyword-id", "ID",
        re.compile(
            rf"(?i)(?<![a-z])(?:{_ID_WORDS})(?: (?:card|account|record|licen[cs]e))?(?:(?:\s|_){{0,2}}(?:number|no|num|nr|id|code|#|n°|nº|号码?|番号)\.?)?"
            r"(?: is| was| ist| est| es| é)?[\s:#=\"'は是]{1,4}((?-i:[A-Z]{0,3})-?[0-9][A-Z0-9]{0,24}(?:[ ./-][A-Z0-9]{1,10}){0,4})(?![A-Za-z0-9])"
        ),
        "passport number: C01X00T47", (), _named, score=0.8,
    ),
    Rule(
        "birth-date", "ID",
        re.compile(rf"(?i)(?:dob|d\.o\.b\.?|date of birth|birth ?date|birthday|born(?: on)?|geboren(?: am)?|geburtsdatum|née? le|fecha de nacimiento|nac[ií] el|nascid[oa] em|data de nascimento|生年月日|出生)"
                   rf"(?: is| was| ist| est| es)?[\s:=\"',]{{1,4}}({_DATE})"),
        "born on 12 March 1984", ("birth", "born", "dob", "d.o.b", "geb", "le", "nac", "nasc", "生", "出生"), group=1, score=0.9,
    ),
)  # fmt: skip
