"""Keys, tokens and passwords: families by prefix, then assignments by keyword, then what merely looks random."""

# ruff: noqa: E501 - a row of a table is one line, however long its pattern

from __future__ import annotations

import itertools
import math
import re
from collections import Counter

from clio.privacy.redact.spans import PLACEHOLDER, Check, Rule, words

_FAMILIES: tuple[tuple[str, str, str], ...] = (
    # id, pattern of the whole token, example (assembled so that no scanner takes this file for a leak)
    ("anthropic", r"sk-ant-[A-Za-z0-9]{2,12}-[A-Za-z0-9_-]{12,200}", "sk-ant-" + "oat01-Qw3rTy7uIoP9aSdF"),
    ("openai", r"sk-(?:proj-|svcacct-|admin-|or-v1-|lf-)?(?=[A-Za-z_-]{0,80}[0-9])[A-Za-z0-9_-]{16,220}", "sk-" + "proj-aB3dE5fG7hJ9kL1mN3pQ"),
    ("github", r"gh[pousr]_[A-Za-z0-9]{20,255}", "ghp" + "_16C7e42F292c6912E7710c838347Ae178B4a"),
    ("github-pat", r"github_pat_[A-Za-z0-9_]{20,255}", "github" + "_pat_11ABCDE0Y0abcdefghijkl_mnop"),
    ("gitlab", r"gl(?:pat|ptt|dt|rt|cbt|ft|soat|oas|agent|imt)-[A-Za-z0-9_.-]{16,120}", "gl" + "pat-a1B2c3D4e5F6g7H8i9J0"),
    ("aws-id", r"(?:AKIA|ASIA|ABIA|ACCA|AIDA|AROA|AGPA|AIPA|ANPA)[A-Z0-9]{16}", "AKIA" + "Z7Q3R5T9W1X2C4V6"),
    ("google", r"AIza[A-Za-z0-9_-]{30,45}", "AIza" + "SyD4f5G6h7J8k9L0aQ1wS2eD3rF4tG5yH6u"),
    ("google-oauth", r"(?:ya29\.[A-Za-z0-9_.-]{20,400}|GOCSPX-[A-Za-z0-9_-]{20,40}|1//0[A-Za-z0-9_-]{30,120})", "GOCSPX" + "-a1B2c3D4e5F6g7H8i9J0k1L2m3N4"),
    ("slack", r"xox[abcdeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,250}", "xox" + "b-2345678901-abcdEFGH1234"),
    ("slack-app", r"xapp-[0-9]-[A-Za-z0-9-]{10,250}", "xapp" + "-1-A02ABCD-1234567890-abcdef"),
    ("slack-hook", r"(?:https?://)?hooks\.slack\.com/[A-Za-z0-9/_-]{8,150}", "https://hooks.slack" + ".com/services/T0A1/B0C2/x9Y8z7W6v5"),
    ("discord-hook", r"(?:https?://)?(?:[a-z]{2,10}\.)?discord(?:app)?\.com/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]{10,20}/[A-Za-z0-9_-]{20,120}", "https://discord" + ".com/api/webhooks/123456789012345678/aB3_dE5-fG7hJ9kL1mN3pQ5r"),
    ("discord-bot", r"[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,45}", "MTIzNDU2Nzg5MDEyMzQ1Njc4" + ".GaBcDe.aB3dE5fG7hJ9kL1mN3pQ5rS7tU9v"),
    ("huggingface", r"(?:hf_|api_org_)[A-Za-z0-9]{20,60}", "hf" + "_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"),
    ("npm", r"npm_[A-Za-z0-9]{30,60}", "npm" + "_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"),
    ("pypi", r"pypi-[A-Za-z0-9_-]{40,300}", "pypi" + "-AgEIcHlwaS5vcmcCJDEyMzQ1Njc4LTkwYWItY2RlZi0xMjM0"),
    ("jwt", r"eyJ[A-Za-z0-9_-]{8,2000}\.(?:eyJ)?[A-Za-z0-9_-]{8,4000}(?:\.[A-Za-z0-9_-]{0,1500})?", "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"),
    ("stripe", r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,250}", "sk" + "_live_4eC39HqLyjWDarjtT1zdp7dc"),
    ("webhook-secret", r"whsec_[A-Za-z0-9+/=_-]{16,100}", "whsec" + "_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH"),
    ("twilio", r"(?:SK|AC)[0-9a-fA-F]{32}", "SK" + "0123456789abcdef0123456789abcdef"),
    ("sendgrid", r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}", "SG" + ".ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf09kqeF8tAmbihYzrnopKc1s5cr"),
    ("mailgun", r"(?:key-[0-9a-f]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})", "key" + "-3a06c0192b9dd6fd54ac373c0fb7ae10"),
    ("azure-storage", r"[A-Za-z0-9+/]{86}==", "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw" + "=="),
    ("azure-client", r"[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}", "abc8Q" + "~dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA"),
    ("azure-key", r"[A-Za-z0-9+/]{20,70}(?:AzFu|AzSe|ACDb|AAAA|ASt|ACR|APIM|AIoT|AZEG)[A-Za-z0-9+/]{4,40}={0,2}", "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z" + "AzSeA1b2C3d4"),
    ("databricks", r"dapi[0-9a-f]{32}(?:-[0-9])?", "dapi" + "0123456789abcdef0123456789abcdef"),
    ("digitalocean", r"do[opr]_v1_[0-9a-f]{40,80}", "dop" + "_v1_" + "0123456789abcdef" * 4),
    ("shopify", r"shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{24,40}", "shpat" + "_0123456789abcdef0123456789abcdef"),
    ("telegram", r"[0-9]{8,10}:AA[A-Za-z0-9_-]{32,35}", "1234567890" + ":AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawQ"),
    ("groq", r"gsk_[A-Za-z0-9]{20,80}", "gsk" + "_a1B2c3D4e5F6g7H8i9J0k1L2m3N4"),
    ("xai", r"xai-[A-Za-z0-9]{20,120}", "xai" + "-a1B2c3D4e5F6g7H8i9J0k1L2m3N4"),
    ("replicate", r"r8_[A-Za-z0-9]{20,60}", "r8" + "_a1B2c3D4e5F6g7H8i9J0k1L2m3N4"),
    ("perplexity", r"(?:pplx|fw|nvapi|tvly|csk|dop|lsv2_pt|lsv2_sk)[-_](?=[A-Za-z_-]{0,60}[0-9])[A-Za-z0-9_-]{20,120}", "pplx" + "-a1B2c3D4e5F6g7H8i9J0k1L2m3N4"),
    ("mapbox", r"[ps]k\.eyJ[A-Za-z0-9_-]{20,200}\.[A-Za-z0-9_-]{10,60}", "sk" + ".eyJ1IjoiZXhhbXBsZSIsImEiOiJjazEifQ.a1B2c3D4e5F6"),
    ("linear-notion", r"(?:lin_api_|ntn_|secret_)[A-Za-z0-9]{30,60}", "ntn" + "_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"),
    ("vault", r"hv[sbr]\.[A-Za-z0-9_-]{20,300}", "hvs" + ".CAESIJa1B2c3D4e5F6g7H8i9J0k1L2"),
    ("docker", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,60}", "dckr" + "_pat_a1B2c3D4e5F6g7H8i9J0k1L2m3N"),
    ("postman", r"PMAK-[0-9a-f]{20,30}-[0-9a-f]{30,40}", "PMAK" + "-0123456789abcdef01234567-0123456789abcdef0123456789abcdef01"),
    ("grafana", r"gl(?:sa|c)_[A-Za-z0-9+/=_-]{24,200}", "glsa" + "_a1B2c3D4e5F6g7H8i9J0k1L2m3N4_12ab34cd"),
    ("new-relic", r"NR(?:AK|JS|AA|II)-[A-Za-z0-9]{16,60}", "NRAK" + "-A1B2C3D4E5F6G7H8I9J0K1L2M3N"),
    ("sentry", r"sntry[su]_[A-Za-z0-9+/=_-]{30,300}", "sntrys" + "_eyJpYXQiOjE2MTYyMzkwMjIsInVybCI6ImEifQ_a1B2c3"),
    ("doppler", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{30,80}", "dp" + ".pt.a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V"),
    ("square", r"(?:sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{20,60}|EAAA[A-Za-z0-9_-]{50,100})", "sq0" + "atp-a1B2c3D4e5F6g7H8i9J0kL"),
    ("facebook", r"EAA[A-Za-z0-9]{60,300}", "EAA" + "a1B2c3D4e5F6g7H8i9J0" * 4),
    ("age", r"AGE-SECRET-KEY-1[0-9A-Z]{50,62}", "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 2),
    ("atlassian", r"AT(?:ATT|CTT|BB)[A-Za-z0-9_=-]{20,250}", "ATATT" + "3xFfGF0a1B2c3D4e5F6g7H8i9J0"),
    ("planetscale", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_=.-]{24,80}", "pscale" + "_tkn_a1B2c3D4e5F6g7H8i9J0k1L2m3N4"),
    ("dropbox", r"sl\.[A-Za-z0-9_-]{60,200}", "sl" + "." + "a1B2c3D4e5F6g7H8-i9J" * 4),
    ("ssh-public", r"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp[0-9]{3}) AAAA[A-Za-z0-9+/]{20,2000}={0,3}(?: [^\s@]{1,64}@[^\s@]{1,100})?", "ssh-ed25519 AAAA" + "C3NzaC1lZDI1NTE5AAAAIJl3dIeudNqd0DPMRD6OIh65a9 ada@laptop"),
)  # fmt: skip


def _needs(pattern: str) -> tuple[str, ...]:
    """The literal that a family's pattern begins with, where it begins with one."""
    literal = re.match(r"[A-Za-z0-9_/-]{2,}", pattern)
    return (literal.group().lower(),) if literal else ()


def entropy(text: str) -> float:
    """Shannon entropy of the characters, in bits per character."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


_HEX = re.compile(r"(?:0x)?[0-9a-fA-F]+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def looks_random(token: str, least: float = 3.7) -> bool:
    """Upper case, lower case and digits mixed as in no word and no identifier of a program."""
    kinds = (any(c.islower() for c in token), any(c.isupper() for c in token), any(c.isdigit() for c in token))
    if not all(kinds) or _HEX.fullmatch(token) or entropy(token) < least:
        return False
    letters = [("d" if c.isdigit() else "u" if c.isupper() else "l") for c in token if c.isalnum()]
    changes = sum(a != b for a, b in itertools.pairwise(letters))
    return changes / len(letters) >= 0.3


_NOT_SECRET = re.compile(
    r"(?i)(?:your|my|the|some|any|new|old|example|sample|test|dummy|placeholder|insert|enter|env|os|process|config|"
    r"settings|self|this|args|request|req|getenv|secrets?|vault|input|data|user|none|null|true|false|undefined|string|"
    r"str|bytes|varchar|text|password|passwd|token|key|api|required|optional|hidden|redacted|changeme)"
    r"(?:[\W_].*)?|[x*.•#_-]{3,}.*|[<{$%(\[].*|.*\(.*|[a-z_]+\.[a-z_.]+.*|[A-Z][A-Z_]+",
    re.DOTALL,
)
"""What stands after ``password =`` in code and manuals and is no password: a call, a variable, a stand-in."""

_PROSE = words(
    "not no is was in on at to for from the a an and or but if of with by it this that these those wrong right correct "
    "incorrect invalid valid expired lost forgotten stored hashed encrypted required reset being been sent saved set "
    "too very still also always never now only just so case protected secure safe strong weak going used needed shared "
    "different same hard easy what why how when where which who something anything nothing empty missing blank based "
    "authentication manager managers policy field form reset hashing requirements"
)


def _assigned(quoted: int, bare: int) -> Check:
    """Accept a quoted value, or a bare one that holds a digit or a sign that words do not."""

    def check(match: re.Match[str]) -> tuple[int, int] | None:
        group = quoted if match.group(quoted) is not None else bare
        value = match.group(group)
        if PLACEHOLDER.fullmatch(value) or _NOT_SECRET.fullmatch(value):
            return None
        start, end = match.span(group)
        if group == bare:
            value = value.rstrip(".!?:)]}")
            end = start + len(value)
            if len(value) < 4 or not re.search(r"[0-9!@#$%^&*+~]", value):
                return None
        return start, end

    return check


def _spoken(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what follows "my password is", unless it is an ordinary word."""
    value = match.group(1).rstrip(".,!?:)'\"")
    assigned = match.group()[: match.start(1) - match.start()].rstrip(" \t\"'").endswith(("=", ":"))
    if assigned and (
        _NOT_SECRET.fullmatch(value) or value[:1] in "&$*@<" or not re.search(r"[\d\W_]", value.rstrip(";"))
    ):
        return None
    if value.lower() in _PROSE or PLACEHOLDER.fullmatch(value) or len(value) < 4:
        return None
    return match.start(1), match.start(1) + len(value)


def _near_keyword(match: re.Match[str]) -> tuple[int, int] | None:
    """A long token soon after a word such as "key": hexadecimal counts here, though not elsewhere."""
    value = match.group(1)
    if not re.search(r"[0-9]", value) or not re.search(r"[A-Za-z]", value) or entropy(value) < 3.0:
        return None
    if not (_HEX.fullmatch(value) or looks_random(value, 3.2) or re.fullmatch(r"[a-z0-9]{20,}|[A-Z0-9]{20,}", value)):
        return None
    return match.span(1)


def _random_token(match: re.Match[str]) -> tuple[int, int] | None:
    token = match.group()
    return match.span() if looks_random(token[:512]) else None


_KEYWORDS = (
    r"pass(?:word|wd|phrase|code)|passwd?|pwd|secret(?:[_-]?(?:access[_-]?)?key)?|token|api[_ -]?(?:key|token|secret)|"
    r"access[_ -]?(?:key|token)(?:[_-]?id)?|auth[_-]?(?:key|token)|client[_-]?secret|private[_-]?key|account[_-]?key|"
    r"shared[_-]?access[_-]?key|encryption[_-]?key|signing[_-]?key|credentials?|bearer|session[_-]?(?:id|key)|cookie|"
    r"contraseña|senha|mot de passe|passwort|kennwort|wachtwoord|hasło|пароль|密码|密碼|パスワード|口令|비밀번호|şifre|parola"
)
_SPEAK = (
    r"pass ?(?:word|code|phrase)|pwd|pin|api key|access key|secret key|contraseña|senha|mot de passe|passwort|kennwort|"
    r"wachtwoord|hasło|пароль|密码|密碼|パスワード|비밀번호|şifre|parola"
)
_WORDS = (
    "pass", "pwd", "secret", "token", "key", "credential", "bearer", "session", "cookie", "contraseña", "senha",
    "wort", "wachtwoord", "hasło", "пароль", "密码", "密碼", "パスワード", "口令", "비밀번호", "şifre", "parola", "pin",
)  # fmt: skip


def _rule(id_: str, pattern: str, example: str, needs: tuple[str, ...] = (), check: Check | None = None) -> Rule:
    return Rule(id_, "KEY", re.compile(pattern), example, needs, check, score=1.0 if check is None else 0.8)


def _rules() -> tuple[Rule, ...]:
    # A word may begin after an escape that text has kept (a JSON "\\n", a percent code); what is longer than its family
    # goes whole.
    start, end = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?<=%[0-9A-F]{2}))", r"[A-Za-z0-9]{0,400}"
    families = [
        Rule(name, "KEY", re.compile(start + "(?:" + pattern + ")" + end), example, _needs(pattern))
        for name, pattern, example in _FAMILIES
    ]
    sep = r"[\"'`]?\s{0,3}(?:=>|:=|==?|:)\s{0,3}"
    others = [
        _rule(
            "private-key",
            r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]{0,8000}?"
            r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----|"
            r"(?:(?:\s|\\[nr]){0,4}[A-Za-z0-9+/=]{16,80}){0,200})",  # one that was cut off: its lines of base64
            "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
            ("private key",),
        ),
        _rule(
            "assignment",
            rf"(?i)(?:(?<![a-z0-9])|(?<=_))(?:[a-z0-9]{{1,20}}[_-]){{0,3}}(?:{_KEYWORDS}){sep}"
            r"(?:[\"'`]([^\"'`\n]{4,200})[\"'`]|([^\s\"'`,;<>]{4,200}))",
            "db_password = 'correct horse'",
            _WORDS,
            _assigned(1, 2),
        ),
        _rule(
            "option",
            r"(?i)(?<![A-Za-z0-9-])--?(?:password|passwd|token|api-?key|secret|access-key|auth)[ =]"
            r"(?:[\"']([^\"'\n]{4,200})[\"']|([^\s\"']{4,200}))",
            "--password s3cr3tpw",
            ("-",),
            _assigned(1, 2),
        ),
        _rule(
            "spoken",
            rf"(?i)(?<![a-z])(?:{_SPEAK})(?: (?:for|to|of) [^\s.]{{1,30}})?\s{{0,2}}"
            r"(?:is|was|=|:|ist|es|est|é|è|это|是|は|为|為)(?: now| set to)?[\s:\"']{1,3}([^\s\"']{4,100})",
            "my password is hunter2",
            _WORDS,
            _spoken,
        ),
        _rule(
            "header",
            r"(?i)(?<![a-z])(?:bearer|basic|token)\s{1,2}(?=[a-z._~+/-]{0,100}[0-9=])([a-z0-9._~+/=-]{16,2000})",
            "Authorization: Bearer 9f8e7d6c5b4a39281706",
            ("bearer", "basic", "token"),
            lambda match: match.span(1),
        ),
        _rule(
            "near-keyword",
            r"(?i)(?:key|token|secret|password|credential|密钥|clave|schlüssel|ключ)s?[^\n]{0,40}?"
            r"(?<![A-Za-z0-9_/+=.-])([A-Za-z0-9_+=-]{20,200})(?![A-Za-z0-9_+=-])",
            "the key you want is 9e107d9d372bb6826bd81d3542a419d6",
            ("key", "token", "secret", "password", "credential", "密钥", "clave", "schlüssel", "ключ"),
            _near_keyword,
        ),
    ]  # fmt: skip
    return (*families, *others)


RULES: tuple[Rule, ...] = _rules()

RANDOM = Rule(
    "random-token",
    "KEY",
    re.compile(r"(?<![A-Za-z0-9_+/=-])[A-Za-z0-9_+/=-]{24,4000}"),
    "value Zx8Kp2Lm9Qr4Tv7Wy1Bc6Df3 here",
    (),
    _random_token,
    0,
    0.6,
)
"""Run last: it must not look inside a URL or anything else already found."""
