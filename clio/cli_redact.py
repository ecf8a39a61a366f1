"""``clio redact``: any readable source without its private matter, as the toolkit's own JSONL or as plain text."""

from __future__ import annotations

import json as json_format
import os
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from clio.config.run import RunConfig
    from clio.conversations.files import Line
    from clio.conversations.types import Conversation, Rejection
    from clio.privacy.redact import Redactor
    from clio.privacy.redact.stream import Tally

EPILOG = "Example: `clio redact chats.jsonl.gz --output clean.jsonl` or `cat notes.txt | clio redact - --names off`"
TEXT = (".txt", ".text", ".md", ".log", ".rst")
"""Endings by which a file is taken for plain text. Any other is looked into."""
Source = Literal[
    "auto", "text", "clio", "openai", "anthropic", "sharegpt", "wildchat", "lmsys", "oasst", "hh-rlhf",
    "claude-export", "chatgpt-export", "columns",
]  # fmt: skip
_MAX_LINE = 4
"""Bytes of a line that are read per character of redact.max_characters: UTF-8 takes four at most."""


def redact(
    file: Annotated[
        str, typer.Argument(help="A file or folder of conversations, a plain text, or - for text piped in.")
    ],
    output: Annotated[
        Path | None, typer.Option(help="Where to write (readable by you only); else standard output.")
    ] = None,
    format: Annotated[Source, typer.Option(help="What the file holds.", metavar="FORMAT")] = "auto",  # noqa: A002
    names: Annotated[
        Literal["auto", "off", "required"] | None, typer.Option(help="Person names: overrides redact.names.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A run's config: its sections redact and ingest hold.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The counts as one JSON line.")] = False,
) -> None:
    """Take private matter out of text: identifiers and secrets always, names by every detector that is installed.

    Conversations come out as JSON lines with pseudonyms for ids; plain text as it was. What cannot be redacted becomes
    [WITHHELD] and is counted.
    """
    from clio.privacy.redact import Redactor
    from clio.privacy.redact.stream import Tally

    loaded = _config(config, names)
    _refuse_same(file, output)
    redactor, tally = Redactor(loaded.redact), Tally()
    lines = _redacted(file, format, loaded, redactor, tally)
    if output is None:
        for line in lines:
            sys.stdout.write(line.encode("utf-8", "replace").decode() + "\n")
            if file == "-":
                sys.stdout.flush()
        sys.stdout.flush()
    else:
        _write(output, lines)
    facts = {"file": file, **tally.facts(), "names": redactor.describe()["names"], "second": redactor.second_available}
    told = json_format.dumps(facts, ensure_ascii=False) if json else _sentence(facts)
    # Counts must not end up among redacted lines.
    stream = sys.stderr if output is None else sys.stdout
    stream.write(told + "\n")
    stream.flush()


def _config(path: Path | None, names: Literal["auto", "off", "required"] | None) -> RunConfig:
    from clio.config import RunConfig, load_config

    loaded = load_config(path) if path else RunConfig()
    if names is None:
        return loaded
    return loaded.model_copy(update={"redact": loaded.redact.model_copy(update={"names": names})})


def _refuse_same(file: str, output: Path | None) -> None:
    if output is not None and file != "-" and output.exists() and Path(file).exists() and output.samefile(file):
        raise typer.BadParameter("--output is the file that is to be redacted; name another one.")


def _redacted(file: str, form: Source, config: RunConfig, redactor: Redactor, tally: Tally) -> Iterator[str]:
    """Lines of output. Raises InputError."""
    from clio.conversations.files import lines, sources, text_chunks
    from clio.errors import InputError
    from clio.privacy.redact.stream import redact_conversations, redact_lines
    from clio.runs.keys import load_key, pseudonym

    limit = _MAX_LINE * config.redact.max_characters
    if file == "-":
        if form not in ("auto", "text"):
            raise InputError("standard input is read as plain text. Give conversations as a file.")
        yield from redact_lines(lines(_piped(), limit), redactor, tally, at_once=1)
        return
    for path in sources(Path(file)):
        if form == "text" or (form == "auto" and path.suffix.lower() in TEXT):
            plain: Iterable[Line | Rejection] = lines(text_chunks(path), limit)
            yield from redact_lines(plain, redactor, tally)
            continue
        ids, before = partial(pseudonym, load_key()), tally.conversations
        yield from redact_conversations(_records(path, form, config), redactor, ids, tally)
        if tally.conversations == before:
            why = ", ".join(f"{count} x {reason}" for reason, count in sorted(tally.rejected.items()))
            raise InputError(f"{path}: holds no conversation ({why or 'nothing but blanks'}).")


def _records(path: Path, form: Source, config: RunConfig) -> Iterator[Conversation | Rejection]:
    from clio.conversations.readers import read
    from clio.errors import InputError

    update = {} if form in ("auto", "text") else {"format": form}
    try:
        yield from read(path, config.ingest.model_copy(update=update))
    except InputError as fault:
        hint = "\nTo redact it line by line as plain text: --format text." if form == "auto" else ""
        raise InputError(f"{fault}{hint}") from None


def _piped() -> Iterator[bytes]:
    """Standard input as it comes: a line is redacted as soon as its paragraph ends."""
    stream = sys.stdin.buffer
    first = True
    while chunk := stream.readline(1 << 16):
        yield chunk.removeprefix(b"\xef\xbb\xbf") if first else chunk
        first = False


def _write(output: Path, lines: Iterable[str]) -> None:
    from clio.runs.files import replacing

    with replacing(output) as handle:
        if hasattr(os, "fchmod"):
            os.fchmod(handle.fileno(), 0o600)
        for line in lines:
            handle.write(line.encode("utf-8", "replace") + b"\n")


def _sentence(facts: dict[str, object]) -> str:
    def counted(name: str) -> str:
        counts = facts[name]
        told = [f"{what} {count:,}" for what, count in counts.items()] if isinstance(counts, dict) else []
        return ", ".join(told) or "nothing"

    return (
        f"{facts['conversations']:,} conversations, {facts['texts']:,} texts. Taken out: {counted('found')}. "
        f"Withheld: {counted('withheld')}. Left out: {counted('rejected')}. "
        f"Names: {facts['names']}{', and the second detector' if facts['second'] else ''}."
    )
