"""Requests in the user's own words: the opening of what was asked, or the sentence nearest to all of it.

Nothing is written here, so nothing can be made up. What comes out is the user's own wording: it may stand in the
private workspace (redacted, like everything a model would have written) and never in a release.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from clio.conversations.window import INDENT, MARKS
from clio.models.protocol import Encoder, Transcript, Vectors

OPENING = 400
"""Characters of an opening; docs/embedded.md compares lengths."""
LONGEST = 200
"""Characters of an extract. A sentence-embedding model reads some 256 tokens; a reader wants a line."""
SENTENCES = 24
"""Sentences considered per conversation: the first ones, where requests stand, and the last quarter of the budget."""
SHORTEST = 12
"""Sentences with fewer letters and digits ("Thanks!", "ok") are only taken when there is no other."""
EARLY = 0.15
"""Added to the similarity of the first sentence, falling as 1/(1 + position): requests open conversations."""

_WIDE_STOPS = "。！？；…｡।॥۔؟።၊။៕"
_END = re.compile(rf"(?<=[.!?])[\"'”’)\]]{{0,2}}\s+|(?<=[{_WIDE_STOPS}])[」』”’）]?\s*|[\r\n\u2028\u2029]+")
_MARK = f"{MARKS['user']}: "
_PLACEHOLDER_TURN = re.compile(r"\[[a-z ]+(?:: \d+ characters)?\]|")
_SPACE = re.compile(r"\s+")
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e00-\u0eff\u1780-\u17ff\u1000-\u109f]")


def opening(transcripts: Sequence[Transcript], *, longest: int = OPENING) -> list[str]:
    """The user's first telling turn per transcript on one line, at most ``longest`` characters; empty where the user
    said nothing. Turns of a few letters ("hi", "ok") are passed over where another follows.
    """
    return [shorten(_first_telling(transcript), longest) for transcript in transcripts]


def extract(transcripts: Sequence[Transcript], encoder: Encoder, *, longest: int = LONGEST) -> list[str]:
    """The sentence nearest to all that the user said, per transcript on one line, at most ``longest`` characters; empty
    where the user said nothing. Early sentences are preferred.

    Work grows linearly with the text: it is cut into sentences once, and a fixed number of them is encoded.
    """
    candidates = [_candidates(transcript.user_text, longest) for transcript in transcripts]
    flat = [sentence for sentences in candidates if len(sentences) > 1 for sentence in sentences]
    vectors = encoder.encode(flat) if flat else np.zeros((0, 1), dtype=np.float32)
    chosen, start = [], 0
    for sentences in candidates:
        if len(sentences) < 2:
            chosen.append(sentences[0] if sentences else "")
            continue
        chosen.append(_central(sentences, vectors[start : start + len(sentences)]))
        start += len(sentences)
    return chosen


def sentences_of(text: str) -> list[str]:
    """Sentences in order, white space normalised, none empty. Western, CJK, Indic, Arabic and Ethiopic stops."""
    return [line for piece in _END.split(text) if (line := _SPACE.sub(" ", piece).strip())]


def shorten(text: str, longest: int = LONGEST) -> str:
    """At most ``longest`` characters, cut between words where the script has spaces, with an ellipsis."""
    text = _SPACE.sub(" ", text).strip()
    if len(text) <= longest:
        return text
    head = text[: longest - 1]
    space = head.rfind(" ")
    return (head[:space] if space > longest // 2 else head).rstrip(" ,;:-") + "…"


def _first_telling(transcript: Transcript) -> str:
    turns = [turn for turn in _user_turns(transcript.text) if not _PLACEHOLDER_TURN.fullmatch(turn)]
    turns = turns or [transcript.user_text]
    return next((turn for turn in turns if _weight(turn[: 4 * SHORTEST]) >= SHORTEST), max(turns, key=_weight))


def _user_turns(text: str) -> list[str]:
    """The user's turns of a window (clio.conversations.window): only marks stand at the beginning of a line."""
    turns: list[list[str]] = []
    speaking = False
    for line in text.split("\n"):
        if line.startswith(INDENT) and speaking:
            turns[-1].append(line)
            continue
        speaking = line.startswith(_MARK)
        if speaking:
            turns.append([line[len(_MARK) :]])
    return ["\n".join(lines).strip() for lines in turns]


def _candidates(text: str, longest: int) -> list[str]:
    sentences = sentences_of(text)
    telling = [sentence for sentence in sentences if _weight(sentence) >= SHORTEST]
    sentences = list(dict.fromkeys(telling or sentences))
    if len(sentences) > SENTENCES:
        tail = SENTENCES // 4
        sentences = sentences[: SENTENCES - tail] + sentences[-tail:]
    return list(dict.fromkeys(shorten(sentence, longest) for sentence in sentences))


def _weight(sentence: str) -> int:
    """Letters and digits; a sign of a script without spaces says about as much as three letters."""
    return sum(map(str.isalnum, sentence)) + 2 * len(_WIDE.findall(sentence))


def _central(sentences: list[str], vectors: Vectors) -> str:
    weights = np.sqrt([min(_weight(sentence), 120) for sentence in sentences])
    centre = weights @ vectors.astype(np.float64)
    length = np.linalg.norm(centre)
    near = vectors @ (centre / length if length > 0 else centre)
    score = near + EARLY / (1 + np.arange(len(sentences)))
    # Rounded, so that the noise of float sums does not decide between sentences that stand equally near.
    return sentences[int(np.argmax(np.round(score, 3)))]
