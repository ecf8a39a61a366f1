"""Postal addresses: a house number beside a street word, postcodes with their place, boxes and flats."""

# ruff: noqa: E501 - a row of a table is one line, however long its pattern

from __future__ import annotations

import re

from clio.privacy.redact.spans import Rule, words

_STREET = (
    r"(?:street|avenue|boulevard|road|lane|drive|court|place|terrace|square|highway|parkway|circle|trail|crescent|alley|mews|quay|"
    r"close|gardens|grove|way|walk|loop|row|plaza|turnpike|expressway|hill|heights|ridge|rise|view|path|pike|"
    r"streets|roads|st|ave|av|blvd|rd|ln|dr|ct|pl|ter|sq|hwy|pkwy|cir|trl|cres)"
)
_SURE = words("street avenue boulevard road lane terrace highway parkway crescent st ave blvd rd hwy pkwy")
_BETWEEN = words(
    "minute minutes hour hours day days week weeks month months year years mile miles km meters metres feet steps percent "
    "people times ways of the a an and or in on to for with down up by from at is was are that this more less than per "
    "different main new first second third next last other best good great top points things cars items lines pages"
)


def _street(match: re.Match[str]) -> tuple[int, int] | None:
    """Words between number and street word must be names: capitalised, or a surer street word must follow."""
    words = match.group(2).split()
    street = match.group(3).rstrip(".").lower()
    if any(word.lower().strip(",.") in _BETWEEN for word in words):
        return None
    if words and all(word[0].isupper() or word[0].isdigit() for word in words):
        return match.span() if match.group(3)[0].isupper() or street in _SURE else None
    return match.span() if words and street in _SURE and len(words) <= 3 else None


def _romance(match: re.Match[str]) -> tuple[int, int] | None:
    """The word after the street word must be capitalised, or the street word be one that has no other use."""
    words = match.group().split()
    sure = re.match(r"(?i)(?:calle|avenida|avda|c/|rua|travessa|piazza|viale|ул|улица|проспект|jalan|jl)", words[0])
    named = [
        word
        for word in words[1:-1]
        if word.lower() not in ("de", "del", "la", "los", "las", "da", "do", "dos", "das", "el")
    ]
    return match.span() if sure or (named and all(word[0].isupper() for word in named)) else None


_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|RI|SC|SD|"
    "TN|TX|UT|VT|VA|WA|WV|WI|WY|DC|PR|AA|AE|AP"
)
_W = r"[^\W\d_][\w'’.-]{0,29}"
"""One word of a street's name, in any script with spaces."""
_NO = r"\d{1,5}[a-zA-Z]?(?:[-/]\d{1,4}[a-zA-Z]?)?(?![\d\w])"

RULES: tuple[Rule, ...] = (
    Rule(
        "street-en", "ADDRESS",
        re.compile(
            rf"(?i)(?<![\w.$€£-])(\d{{1,6}}[a-z]?(?:[-/]\d{{1,5}})?),? ((?:(?:{_W}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,4}}?)({_STREET})(?![\w-])\.?"
        ),
        "221b Baker Street", (), _street,
    ),
    Rule(
        "street-de", "ADDRESS",
        re.compile(rf"(?<![\w])[^\W\d_][\w.-]{{1,30}}?(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer|chaussee|steig|straat|laan|plein|gracht|kade|"
                   rf"gatan|vägen|gata|veien|vegen|gade|vej|katu|kuja|polku|gränd|tie|vænget|vangen|vollen|bakken|torget|stræde|stien|tänav),? {_NO}"),
        "Lindenstraße 12a", (), score=0.9,
    ),
    Rule(
        "street-de-two", "ADDRESS",
        re.compile(rf"(?<![\w])(?:[A-ZÄÖÜ][\w.-]{{1,25}}[ -]){{1,3}}(?:Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse|Ring|Damm|Ufer|Chaussee),? {_NO}"),
        "Alte Kölner Straße 7", (), score=0.9,
    ),
    Rule(
        "street-hu",
        "ADDRESS",
        re.compile(rf"(?<![\w])(?:{_W} ){{1,3}}?(?:utca|u\.|út|útja|tér|körút|krt\.|köz|sétány|kapu|οδός|str) \d{{1,5}}(?!\w)"),
        "Erzsébet tér 19",
        (),
        score=0.8,
    ),
    Rule(
        "street-fr", "ADDRESS",
        re.compile(rf"(?i)(?<![\w])\d{{1,5}}(?: ?(?:bis|ter|[a-d]))?,? (?:rue|avenue|av\.|boulevard|bd|place|chemin|allée|impasse|quai|cours|route|square|passage)"
                   rf"(?: (?:de la|de l'|du|des|de|d'|le|la|les))? ?{_W}(?: {_W}){{0,2}}"),
        "12 bis rue des Lilas", ("rue", "av", "b", "place", "chemin", "all", "impasse", "quai", "cours", "route", "square", "passage"), score=0.9,
    ),
    Rule(
        "street-romance", "ADDRESS",
        re.compile(rf"(?i)(?<![\w])(?:calle|c/|avenida|avda?\.?|paseo|plaza|carrera|camino|carretera|rua|travessa|praça|alameda|estrada|rodovia|via|viale|piazza|corso|"
                   rf"vicolo|largo|strada|str\.|ulica|ulitsa|ul\.|al\.|aleja|os\.|улица|ул\.|проспект|пр-т|пр\.|переулок|пер\.|вулиця|cad(?:desi|\.)|sok(?:ak|\.)|jalan|jl\.)"
                   rf" ?{_W}(?: {_W}){{0,4}},? (?:n[.º°ro]{{0,3}} ?|nº ?|no\.? ?|д\. ?|дом ?|км ?)?{_NO}"),
        "Calle de Alcalá 45",
        ("calle", "c/", "av", "paseo", "plaza", "carr", "camino", "rua", "travessa", "praça", "alameda", "estrada", "rodovia", "via", "piazza",
         "corso", "vicolo", "largo", "strada", "str.", "ul", "al.", "os.", "ул", "пр", "пер", "вул", "cad", "sok", "jalan", "jl."),
        _romance, score=0.8,
    ),
    Rule(
        "street-zh", "ADDRESS",
        re.compile(r"[\u4e00-\u9fff]{2,12}?(?:路|街|大道|巷|弄|胡同|村)(?:[一二三四五六七八九十东西南北中]{0,3}段?) ?\d{1,5} ?(?:号|弄|號|之)(?: ?\d{1,4} ?(?:室|楼|栋|单元|号|幢|樓|室)){0,4}"),
        "北京市朝阳区建国路88号", ("路", "街", "大道", "巷", "弄", "胡同", "村"), score=0.9,
    ),
    Rule(
        "street-ja", "ADDRESS",
        re.compile(r"[\u4e00-\u9fff\u30a0-\u30ffヶケ]{2,20} ?\d{1,3} ?(?:丁目 ?\d{1,3} ?番(?:地)?(?: ?\d{1,3} ?号)?|-\d{1,3}-\d{1,4}(?:-\d{1,5})?)|〒 ?\d{3}-?\d{4}"),
        "東京都渋谷区神南1-19-11", (), score=0.9,
    ),
    Rule(
        "street-ko", "ADDRESS",
        re.compile(r"[\uac00-\ud7a3]{1,8}(?:로|길)(?: ?\d{1,3} ?번?길)? \d{1,4}(?:-\d{1,3})?(?!\d| ?[%년월일시분개명])"),
        "서울 강남구 테헤란로 152", ("로", "길"), score=0.7,
    ),
    Rule(
        "unit", "ADDRESS",
        re.compile(r"(?i)(?<![\w])(?:apt\.?|apartment|suite|ste\.|flat|unit|wohnung|appartement|piso|apto\.?|кв\.|квартира) ?(?:no\.? ?|#)?(?:\d{1,5}[a-z]?|[a-z]\d{1,4})(?![\w.]\d|\w)"),
        "Apt. 864", ("apt", "apart", "suite", "ste.", "flat", "unit", "wohnung", "appart", "piso", "кв"), lambda m: m.span() if not re.match(r"(?i)unit \d$|flat \d{3,}", m.group()) else None, score=0.7,
    ),
    Rule(
        "box", "ADDRESS", re.compile(r"(?i)(?<![\w])(?:p\.? ?o\.? ?box|postfach|boîte postale|apartado(?: de correos)?|caixa postal|а/я|psc \d{1,5},? box|box)[ :#]{1,2}\d{2,6}(?!\d)"),
        "PO Box 8144", ("box", "postfach", "postale", "apartado", "caixa", "а/я"), score=0.8,
    ),
    Rule(
        "us-zip", "ADDRESS", re.compile(rf"(?<![\w])(?:(?:{_W} ){{0,2}}{_W},? {{1,2}})?(?:{_STATES}),? {{1,2}}\d{{5}}(?:-\d{{4}})?(?!\d)"),
        "Kenosha, WI 53140", (), score=0.9,
    ),
    Rule(
        "uk-postcode", "ADDRESS", re.compile(r"(?i)(?<![\w])(?:[a-pr-uwyz][a-hk-y]?\d[a-hjkmnp-y\d]?) \d[abd-hjlnp-uw-z]{2}(?![\w])"),
        "SW1A 1AA", (), lambda m: m.span() if m.group().isupper() or m.group().islower() else None, score=0.9,
    ),
    Rule(
        "ca-postcode", "ADDRESS", re.compile(r"(?<![\w])[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z][ -]\d[ABCEGHJ-NPRSTV-Z]\d(?![\w])"),
        "K1A 0B1", score=0.9,
    ),
    Rule(
        "postcode-keyword", "ADDRESS",
        re.compile(r"(?i)(?<![a-z])(?:zip(?: ?code)?|post(?:al)? ?code|plz|postleitzahl|código postal|cep|code postal|邮编|郵便番号)(?: is| ist| es| est)?[\s:#=]{1,3}([a-z0-9]{2,5}[ -]?[a-z0-9]{2,4})(?![a-z0-9])"),
        "zip code: 53140", ("zip", "post", "plz", "cep", "邮编", "郵便"),
        lambda m: m.span(1) if re.search(r"\d{2}", m.group(1)) else None, score=0.8,
    ),
    Rule(
        "eu-postcode", "ADDRESS", re.compile(r"(?<![\w-])(?:D-|A-|CH-|F-|B-|NL-|L-)?\d{4,5} [A-ZÄÖÜ][a-zäöüßéè]{2,25}(?:(?: am| an der| im|-)[ ]?[A-Z][a-zäöü]{2,20})?(?=\s*(?:,? ?(?:Germany|Deutschland|Austria|Österreich|Schweiz|Switzerland|France|Belgium)))"),
        "10117 Berlin, Germany", (), score=0.7,
    ),
)  # fmt: skip
