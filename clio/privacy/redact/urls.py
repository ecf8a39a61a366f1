"""URLs that tell who somebody is or let somebody in: credentials, tokens, share links, profiles. Others are kept."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from clio.privacy.redact.secrets import looks_random
from clio.privacy.redact.spans import PLACEHOLDER, Rule, words

_SECRET_KEY = re.compile(
    r"(?i)(?:^|[&;?#/])(?:[a-z0-9]{1,12}[_.-])?(?:token|access_?token|id_?token|refresh_?token|auth|authkey|api_?key|apikey|key|"
    r"secret|client_?secret|sig|signature|x-amz-signature|x-amz-credential|x-goog-signature|password|passwd|pwd|pass|code|session|"
    r"sessionid|sid|jwt|otp|ticket|invite|hash|user|username|user_?id|uid|email|e?mail|phone|tel|name|account)=[^&\s]{3,}"
)
_PROFILE = re.compile(
    r"(?i)/(?:in|pub|users?|u|profile|profiles|people|person|member|members|author|account|accounts|~)/?"
    r"(?!login|signup|settings|new|guide|me/?$|search|list)[\w.%@+-]{2,60}|/~[\w.-]{2,40}|/@[\w.-]{2,40}|[?&](?:u|profile)\.?(?:php)?\?id="
)
_SOCIAL = re.compile(
    r"(?i)^(?:www\.|m\.|mobile\.|[a-z]{2}\.)?(?:twitter\.com|x\.com|facebook\.com|fb\.com|fb\.me|instagram\.com|t\.me|telegram\.me|"
    r"wa\.me|tiktok\.com|snapchat\.com|github\.com|gitlab\.com|bitbucket\.org|vk\.com|ok\.ru|weibo\.com|behance\.net|dribbble\.com|"
    r"keybase\.io|about\.me|linktr\.ee|paypal\.me|venmo\.com|cash\.app|soundcloud\.com|twitch\.tv|orcid\.org|calendly\.com|"
    r"scholar\.google\.com|youtube\.com/(?:c|user|channel)|threads\.net|bsky\.app|mastodon\.social)$"
)
_SHARED = re.compile(
    r"(?i)(?:docs|drive|sheets|forms)\.google\.com/.{0,60}/d/|zoom\.us/[jw]/\d|meet\.google\.com/[a-z]{3}-|1drv\.ms/|"
    r"dropbox\.com/(?:s|scl)/|wetransfer\.com/downloads/|teams\.microsoft\.com/l/meetup|chat\.whatsapp\.com/|discord\.gg/|"
    r"sharepoint\.com/:|icloud\.com/.{0,20}/0|chatgpt\.com/share/|claude\.ai/(?:chat|share)/|onedrive\.live\.com/"
)
_NO_USER = words(
    "topics explore features pricing about search login home settings marketplace sponsors trending help share intent "
    "hashtag watch events groups pages legal privacy terms docs blog apps orgs enterprise contact"
)


def _private(url: str) -> bool:
    try:
        parts = urlsplit(url if "://" in url else "https://" + url)
        netloc, path, query = parts.netloc, parts.path, parts.query + "&" + parts.fragment
    except ValueError:
        return True  # an address that cannot be read may hold anything
    if "@" in netloc:
        return True
    if _SECRET_KEY.search("?" + query) or _SHARED.search(url):
        return True
    if _PROFILE.search(path) or ("profile.php" in path and "id=" in query):
        return True
    steps = [step for step in path.split("/") if step]
    if _SOCIAL.match(netloc) and len(steps) == 1 and steps[0].lower() not in _NO_USER:
        return True
    return any(looks_random(piece) and len(piece) >= 20 for piece in re.split(r"[/&=?#.:]", path + "?" + query))


def _url(match: re.Match[str]) -> tuple[int, int] | None:
    """Walk left from ``://`` over the scheme, drop trailing punctuation, keep only what is private."""
    text, at = match.string, match.start()
    start = at
    while (
        start > 0
        and at - start < 20
        and (text[start - 1].isascii() and (text[start - 1].isalnum() or text[start - 1] in "+-."))
    ):
        start -= 1
    end = at + len(match.group().rstrip(".,;:!?'\"*_~"))
    while (
        end > at
        and text[end - 1] in ")]}"
        and text.count(text[end - 1], start, end)
        > text.count({")": "(", "]": "[", "}": "{"}[text[end - 1]], start, end)
    ):
        end -= 1
    url = PLACEHOLDER.sub("x", text[start:end])
    return (start, end) if start < at and _private(url) else None


def _bare(match: re.Match[str]) -> tuple[int, int] | None:
    url = match.group().rstrip(".,;:!?'\"*_~)]}")
    return (match.start(), match.start() + len(url)) if _private(PLACEHOLDER.sub("x", url)) else None


RULES: tuple[Rule, ...] = (
    Rule(
        "url", "URL", re.compile(r"://(?:(?!://)[^\s<>\"'`\\|^]){1,2048}"),
        "postgres://jane:pw@db.example.com/main", ("://",), _url,
    ),
    Rule(
        "url-bare", "URL",
        re.compile(r"(?i)(?<![A-Za-z0-9_./@-])(?:www\.|m\.|[a-z]{2}\.)?(?:linkedin\.com|twitter\.com|x\.com|facebook\.com|fb\.com|instagram\.com|t\.me|"
                   r"wa\.me|tiktok\.com|github\.com|gitlab\.com|vk\.com|docs\.google\.com|drive\.google\.com|medium\.com|youtube\.com|linktr\.ee|"
                   r"paypal\.me|meet\.google\.com|[a-z0-9]{0,20}\.?zoom\.us|discord\.gg|chat\.whatsapp\.com|calendly\.com|keybase\.io)/[^\s<>\"'`\\|^]{1,300}"),
        "linkedin.com/in/jane-doe", ("/",), _bare,
    ),
)  # fmt: skip
