"""Names without a model: what follows "my name is" or "Dear", what a letter ends with, and well-known given names.

Works on lower-case text and in several languages; finds what a statistical model trained on news does not.
"""

# ruff: noqa: E501 - a row of a table is one line, however long its pattern

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from clio.privacy.redact import lexicon
from clio.privacy.redact.spans import PLACEHOLDER, Span, words

Demand = Literal["any", "capital", "full", "known"]
"""What must follow a cue: any word that is not a common one; a capitalised one; two capitalised ones or a known given
name; a known given name."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Words after which a name stands. The match must end where the name begins."""

    id: str
    pattern: re.Pattern[str]
    demand: Demand
    until: str = ""
    """What must follow the name, as a pattern; empty for anything."""
    sure: bool = False
    """A self-introduction: the allow list does not excuse what follows (assistants' names aside)."""


_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['.-](?=[^\W\d_])){0,29}")
_JOIN = re.compile(r" (?=[^\W\d_])")
_JOIN_INITIAL = re.compile(r"\.? ?(?=[^\W\d_])")
"""Between two words of a name; after a single letter a full stop may stand too."""
PARTICLES = words(
    "van von der den de da di du dos das del della la le bin ibn ben al el ter ten zu zur y e abu bint st af av"
)
_ASSISTANTS = words("Claude Siri Alexa Gemini Copilot Cortana Bard Grok Bing Llama Qwen Mistral ChatGPT Assistant")
_S = r"(?<![^\W_])"
"""Begin of a word, in any script."""


def _c(text: str) -> re.Pattern[str]:
    return re.compile(text)


_INTRO = (
    r"my (?:full |first |last |real |legal |user )?name(?: is|'s|s)|name's|i am called|i'm called|(?:you can |please |just )call me|they call me|"
    r"ich heiße|ich heisse|mein name ist|man nennt mich|je m'appelle|je mappelle|mon (?:pré)?nom est|me llamo|mi nombre es|meu nome é|"
    r"me chamo|chamo-me|mi chiamo|il mio nome è|ik heet|mijn naam is|jag heter|mitt namn är|jeg heter|jeg hedder|mit navn er|"
    r"nazywam się|mam na imię|benim adım|ben(?:im)? adım|меня зовут|моё имя|мое имя|мене звати|mă numesc|numele meu este|"
    r"minun nimeni on|jmenuji se|volám sa|zovem se|με λένε|ονομάζομαι|tôi tên là|tên tôi là|nama saya(?: adalah)?|jina langu ni|"
    r"(?:named|called) after"
)
_AM = r"i am|i'm|im|ich bin|je suis|yo soy|soy|eu sou(?: [oa])?|sou [oa]|io sono|sono|ik ben|jag är|jeg er|jestem|ja jestem|я"
_KIN = (
    r"husband|wife|son|daughter|boss|manager|friend|best friend|sister|brother|mother|father|mom|mum|dad|aunt|uncle|cousin|niece|nephew|"
    r"girlfriend|boyfriend|fiancée?|partner|ex|roommate|colleague|coworker|co-worker|neighbou?r|teacher|doctor|therapist|landlord|"
    r"professor|supervisor|assistant|client|patient|student|baby|twin|grandmother|grandfather|grandma|grandpa"
)
_TITLE = (
    r"Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Lady|Rev|Herr|Frau|Monsieur|Madame|Mme|Mlle|Señora?|Sra?\.|Srta|Doña|Senhora?|Signora?|"
    r"Sig\.|Dott|Pani|Meneer|Mevrouw|Fru|г-н|г-жа|господин|госпожа|Bay|Bayan|Shri|Smt"
)
_HELLO = (
    r"dear|hi|hello|hey|good (?:morning|afternoon|evening)|lieber?|hallo|guten (?:tag|morgen)|sehr geehrter?|cher|chère|bonjour|salut|"
    r"bonsoir|estimad[oa]|querid[oa]|hola|prezad[oa]|car[oa]|olá|oi|gentile|ciao|beste|geachte|hej|kära|drog[ia]|szanown[ya]|cześć|"
    r"уважаем(?:ый|ая)|привет|здравствуйте|дорог(?:ой|ая)|merhaba|sayın|sevgili"
)
_BYE = (
    r"(?:(?:best|kind|warm|kindest|warmest|many) )?regards|(?:yours )?(?:sincerely|faithfully|truly)|respectfully(?: yours)?|best(?: wishes)?|"
    r"cheers|(?:many )?thanks(?: again| so much| a lot| in advance)?|thank you(?: so much| very much)?|love|xoxo|warmly|cordially|"
    r"mit freundlichen grüßen|mfg|(?:viele|liebe|beste|schöne|herzliche) grüße|lg|cordialement|bien à vous|bises|amicalement|salutations|"
    r"(?:un )?saludos?(?: cordiales?)?|atentamente|un abrazo|abrazos|gracias|atenciosamente|att|abraços?|obrigad[oa]|cordiali saluti|"
    r"distinti saluti|met vriendelijke groet(?:en)?|groetjes|(?:med )?vänlig(?:a)? hälsning(?:ar)?|pozdrawiam|z poważaniem|с уважением|"
    r"спасибо|saygılarımla|teşekkürler"
)
_FIELD = (
    r"(?:full|first|last|family|given|middle|sur|maiden|customer|client|patient|contact|candidate|employee|student|billing|account|cardholder|"
    r"legal|user)[ _-]?name|surname|patient|client|attn|attention|signed(?: by)?|applicant|recipient|beneficiary|tenant|cardholder|"
    r"imię i nazwisko|vorname|nachname|prénom|nombre completo|apellidos?|nome completo|фио|имя"
)

CUES: tuple[Cue, ...] = (
    Cue("introduction", _c(rf"(?i){_S}(?:{_INTRO})[:,]? ['\"]?"), "any", sure=True),
    Cue("i-am", _c(rf"(?i){_S}(?:{_AM}) "), "full", sure=True),
    Cue("this-is", _c(rf"(?i){_S}(?:this is|it's|here is|hier ist|c'est|speaking with|spoke (?:with|to)|talk(?:ed|ing)? to|met(?: with)?) "), "known"),
    Cue("title", _c(rf"{_S}(?:{_TITLE})\.? "), "capital", sure=True),
    Cue("title-lower", _c(rf"{_S}(?:mr|mrs|dr|prof|professor)\.? (?=[^\W\d_])|{_S}ms\. |{_S}(?:herr|frau|mme|monsieur|señor|señora) "), "any", sure=True),
    Cue("greeting", _c(rf"(?i)(?:^|[\n\"'>:]) {{0,4}}(?:{_HELLO})(?: (?:mr|mrs|ms|dr|herr|frau|prof)\.?)?,? "), "any", r" ?(?:[,:!.;)]|-|\n|$)"),
    Cue("dear", _c(rf"(?i){_S}dear "), "capital"),
    Cue("sign-off", _c(rf"(?i)(?:^|[\n.!?,>] {{0,2}}|\\n)(?:{_BYE})[,.!:-]{{0,2}}(?:[ \t]{{0,4}}(?:\r?\n|\\n)){{1,3}}[ \t>*-]{{0,6}}"), "any", r"[ \t*.,]{0,4}(?:\n|\r|\\n|$|\[|\||,)"),
    Cue("sign-off-line", _c(rf"(?i)(?:^|[\n.!?] {{0,2}})(?:{_BYE}),? (?:- ?)?"), "capital", r"[.! ]{0,3}(?:\n|$)"),
    Cue("dash", _c(r"(?:^|\n)(?:--|-|~) {0,2}"), "known", r"[.! ]{0,3}(?:\n|$)"),
    Cue("kin-named", _c(rf"(?i){_S}(?:my|his|her|our|their) (?:{_KIN}),?(?: who is| is|'s)? ?(?:named|called|name is|'s name is) "), "any", sure=True),
    Cue("kin", _c(rf"(?i){_S}(?:my|his|her|our|their|with|new|old) (?:{_KIN}),? "), "capital"),
    Cue("kin-language", _c(rf"(?i){_S}(?:mein[e]?|mon|ma|mi|meu|minha|mio|mia) (?:mann|frau|sohn|tochter|chef(?:in)?|freund(?:in)?|schwester|bruder|mari|femme|fils|fille|"
                            r"ami|amie|sœur|frère|esposo|esposa|hijo|hija|jefe|amigo|amiga|hermano|hermana|marido|mujer|filho|filha|irmão|irmã|moglie|marito|figlio|figlia) "), "capital"),
    Cue("field", _c(rf"(?i){_S}(?:{_FIELD})[\"']?\s{{0,2}}[:=]\s{{0,2}}[\"']?"), "any"),
    Cue("name-field", _c(rf"(?i){_S}(?:name|nombre|nome|nom|author|contact|from|to|cc|interviewer|interviewee)[\"']?\s{{0,2}}[:=]\s{{0,2}}[\"']?"), "full"),
    Cue("surname-csv", _c(r"(?i)(?:first_?name|last_?name|name|email|phone)[^\n]{0,60}\n(?:\d{1,9},)?"), "full"),
)  # fmt: skip

_DOES = (
    r"lives|lived|said|says|told|asked|replied|emailed|texted|phoned|married|died|resides|resigned|moved to|works (?:at|for|as)|"
    r"worked (?:at|for|as)|was (?:born|hired|fired|arrested|diagnosed|admitted)|is (?:my|from|his|her|our)|spent|'s (?:mother|father|"
    r"wife|husband|son|daughter|kid|kids|address|phone|email|house|passport|salary)"
)
_SUBJECT = re.compile(rf"{_S}((?:[^\W\d_][\w'-]{{1,24}} (?:[A-Z]\.? )?){{0,2}}[^\W\d_][\w'-]{{1,24}}?) ?(?={_DOES})")
"""Words before what only people do; they must be capitalised and not common."""

_HAN = r"\u4e00-\u9fff"
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
    "張劉陳楊黃趙吳孫馬羅鄭謝許韓馮鄧葉蘇魏呂盧鍾陸賈韋鄒龍賀顧龔萬錢嚴湯"
)
_JA_STOP = r"(?<!皆)(?<!客)(?<!母)(?<!父)(?<!兄)(?<!姉)(?<!神)(?<!王)(?<!奥)(?<!仕)(?<!同)(?<!模)(?<!多)(?<!異)(?<!一)(?<!有)(?<!者)(?<!員)(?<!子)(?<!孫)(?<!嬢)(?<!姫)(?<!社)(?<!屋)"
_HANGUL = "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민진나지엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국"

_SCRIPTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("zh-introduction", _c(rf"(?:我叫|我的名字(?:是|叫)|名字叫|姓名(?:是|:|) ?|我是|本人)([{_SURNAMES}][{_HAN}]{{1,2}}?)(?=[,。,、!\s.!?;的今是在来我]|$)")),
    ("zh-introduction-long", _c(rf"(?:我叫|我的名字(?:是|叫)|名字叫|姓名(?:是|:)) ?([{_HAN}]{{2,4}}?)(?=[,。,、!\s.?;今是在来我和]|$)")),
    ("zh-title", _c(rf"([{_SURNAMES}][{_HAN}]{{0,2}})(?=先生|女士|小姐|老师|老師|同学|医生|醫生|教授|经理|經理|律师|主任|师傅|阿姨|叔叔)")),
    ("ja-honorific", _c(rf"((?:[{_HAN}々]{{1,4}}|[ァ-ヶー]{{2,10}})(?: ?(?:[{_HAN}々]{{1,3}}|[ァ-ヶー]{{2,8}}))?){_JA_STOP}(?= ?(?:さん|様|さま|くん|ちゃん|殿(?![堂様])|先生))")),
    ("ja-introduction", _c(rf"(?:私は|僕は|俺は|名前は|氏名:|担当の|名前:) ?([{_HAN}々ァ-ヶーぁ-ん]{{2,8}}?(?:[ ・][{_HAN}々ァ-ヶーぁ-ん]{{1,8}}?)?)(?=です|と申|といい|と言い|だ。|という|。|\n)")),
    ("ja-called", _c(rf"([{_HAN}々ァ-ヶー]{{2,8}}(?:[ ・][{_HAN}々ァ-ヶー]{{1,8}})?)(?=と申します|といいます|と言います)")),
    ("ko-introduction", _c(rf"(?:이름은|이름:|성함은|저는|나는) ?([{_HANGUL}][\uac00-\ud7a3]{{1,3}}?)(?=이고|입니다|이에요|예요|이야|야|라고|이라고|,|\.|\s|$)")),
    ("ko-honorific", _c(rf"(?<![\uac00-\ud7a3])([{_HANGUL}](?!객|모|느|인)[\uac00-\ud7a3]{{1,3}}?) ?(?=씨(?![앗])|님(?![을])|선생님|대리|과장|부장|교수)")),
    ("hi-introduction", _c(r"(?:मेरा (?:पूरा )?नाम|नाम) ([\u0900-\u097f]{2,20}(?: (?!है|हूँ|और|भी)[\u0900-\u097f]{2,20}){0,2})(?= है| हे|।|,|\.|$)")),
    ("hi-title", _c(r"(?:श्री|श्रीमती|सुश्री|डॉ\.?|मैं) ([\u0900-\u097f]{2,20} (?!हूं|हूँ|है|को|से|में|का|की|के)[\u0900-\u097f]{2,20})")),
    ("ar-introduction", _c(r"(?:اسمي|إسمي|أنا اسمي|السيد|السيدة|الدكتور|الأستاذ|أدعى) (?:هو )?([\u0620-\u064a]{2,20}(?: (?!و|في|من|على|أنا|عن)[\u0620-\u064a]{2,20})?)")),
    ("fa-introduction", _c(r"(?:اسم من|نام من|من) ([\u0620-\u06cc]{2,20}(?: (?!هستم|است)[\u0620-\u06cc]{2,20})?)(?= هستم| است)")),
    ("he-introduction", _c(r"(?:שמי|קוראים לי|השם שלי(?: הוא)?|אני|מר|גברת|ד\"ר) ([\u05d0-\u05ea'-]{2,15} (?!אני|גר|רוצה|צריך|לא|את|של|מ)[\u05d0-\u05ea'-]{2,15})")),
    ("he-called", _c(r"(?:שמי|קוראים לי|השם שלי(?: הוא)?) ([\u05d0-\u05ea'-]{2,15})")),
    ("th-introduction", _c(r"(?:ผมชื่อ|ฉันชื่อ|ดิฉันชื่อ|หนูชื่อ|คุณ|นาย|นางสาว|นาง) ?([\u0e01-\u0e4e]{2,20}(?: [\u0e01-\u0e4e]{2,20})?)(?=\s|$|ครับ|ค่ะ)")),
)  # fmt: skip

_LOWER = re.compile(rf"{_S}[^\W\d_]{{2,20}}")
_SAINTS = words("san santa santo st saint são sao los las port fort lake mount saint-")
_NO_AFTER, _NO_BEFORE = frozenset("(_=@"), frozenset("_./@-\\<")
_SUFFIX = re.compile(r"(?:ing|ed|ly|tion|ment|ness|able|ful|less|'s)$")


def _is_common(word: str) -> bool:
    return word.lower() in lexicon.common()


def _upper(word: str) -> bool:
    """Capitalised, or of a script without capitals."""
    return word[0].isupper() or word[0].lower() == word[0].upper()


def _taken(view: str, at: int, demand: Demand) -> int | None:
    """Where the name that begins at ``at`` ends, or None where none begins."""
    first = _WORD.match(view, at)
    if not first or (
        demand != "any" and not _upper(first.group()) and first.group().lower() not in lexicon.unmistakable()
    ):
        return None
    known = first.group().lower() in lexicon.given()
    if (_is_common(first.group()) and not known) or (
        len(first.group()) < 2 and view[first.end() : first.end() + 2] != ". "
    ):
        return None
    end, words, upper, last = first.end(), 1, _upper(first.group()), len(first.group())
    while words < 4:
        join = (_JOIN_INITIAL if last == 1 else _JOIN).match(view, end)
        word = _WORD.match(view, join.end()) if join else None
        if not word or not join:
            break
        text = word.group()
        if text.lower() in PARTICLES:
            after = _WORD.match(view, word.end() + 1)
            if after and view[word.end()] == " " and _upper(after.group()) == upper and not _is_common(after.group()):
                end, last = after.end(), 2
                words += 1
                continue
            break
        if (
            _is_common(text)
            or text.endswith(("n't", "'ll", "'ve"))
            or (upper and not _upper(text))
            or (not upper and (_SUFFIX.search(text) or words > 2 or _upper(text)))
        ):
            break
        end, last = word.end(), len(text)
        words += 1
    if demand == "known" and not known:
        return None
    if view[end - 2 : end] == "'s":
        end -= 2
    return end if demand != "full" or known or words >= 2 else None


class CueDetector:
    """Names by cue, by script and by given name."""

    name = "cues"
    version = "1"

    def __init__(self, allow: frozenset[str] = frozenset()) -> None:
        self._own = allow

    def _excused(self, text: str, sure: bool) -> bool:
        if text in self._own:
            return True
        return text in _ASSISTANTS or text in lexicon.common() if sure else text in lexicon.allowed()

    def detect(self, view: str) -> list[Span]:
        """Spans of type NAME."""
        found = list(self._by_cue(view))
        for name, pattern in _SCRIPTS:
            found += [
                Span(*match.span(1), "NAME", name, 0.7)
                for match in pattern.finditer(view)
                if not self._excused(match.group(1), True)
            ]
        found += self._by_given_name(view)
        found += self._by_deed(view)
        return found

    def _by_deed(self, view: str) -> Iterator[Span]:
        """Capitalised words, none of them common, at the head of a clause that says what a person does."""
        for match in _SUBJECT.finditer(view):
            words = [(m.start(), m.group()) for m in _WORD.finditer(match.group(1))]
            while words and not (words[0][1][0].isupper() and not _is_common(words[0][1])):
                words.pop(0)
            if not words or not all(
                w[0].isupper() and not _is_common(w) and not w.isupper() for _, w in words if len(w) > 2
            ):
                continue
            start, end = match.start(1) + words[0][0], match.end(1)
            if len(words) >= 2 and not self._excused(view[start:end], False):
                yield Span(start, end, "NAME", "deed", 0.6)

    def _by_cue(self, view: str) -> Iterator[Span]:
        for cue in CUES:
            for match in cue.pattern.finditer(view):
                start = match.end()
                if PLACEHOLDER.match(view, start):
                    continue
                end = _taken(view, start, cue.demand)
                if end is None or (cue.until and not re.compile(cue.until).match(view, end)):
                    continue
                if not self._excused(view[start:end], cue.sure):
                    yield Span(start, end, "NAME", cue.id, 0.8)

    def _by_given_name(self, view: str) -> Iterator[Span]:
        """A known given name, with the word after it where that may be its surname."""
        at = 0
        while match := _LOWER.search(view, at):
            at = match.end()
            word = match.group()
            low = word.lower()
            if low not in lexicon.given() or (low not in lexicon.unmistakable() and not word[0].isupper()):
                continue
            if view[at : at + 1] in _NO_AFTER or view[match.start() - 1 : match.start()] in _NO_BEFORE:
                continue
            if word.islower() and (view[at : at + 1] == "-" or view[max(0, match.start() - 2) : match.start()] == "- "):
                continue
            before = _LOWER.findall(view, max(0, match.start() - 8), match.start())
            if before and before[-1].lower() in _SAINTS:
                continue
            end = _taken(view, match.start(), "any") or at
            plain = view[match.start() : end]
            at = max(at, end)
            if " " not in plain and low not in lexicon.unmistakable():
                continue
            if not self._excused(plain, False) and not (word[0].islower() and plain.title() in lexicon.allowed()):
                yield Span(match.start(), end, "NAME", "given-name", 0.6)
