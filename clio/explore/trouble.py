"""What a page says when there is nothing to explore: which of the usual things it is, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import clio
from clio.errors import ClioError, TableError
from clio.explore.curation import EditsError
from clio.runs.files import read_json
from clio.runs.manifest import FILE

Kind = Literal["absent", "foreign", "unfinished", "damaged", "older", "newer"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """One reason why a folder cannot be explored; ``remedy`` is a sentence, ``command`` a line for a shell."""

    kind: Kind
    title: str
    text: str
    remedy: str
    command: str = ""
    stages: tuple[tuple[str, bool], ...] = ()
    """Of an unfinished run: each stage, and whether it is done."""


def diagnose(folder: Path, error: ClioError | None = None) -> Trouble | None:
    """Why nothing can be shown of a folder; None where it looks whole. ``error`` is what loading it gave."""
    if not folder.is_dir():
        return Trouble(
            "absent", "There is no such folder", "The folder that was named does not exist, or may not be read.",
            "Name the folder of a run. The demo makes one in a minute.", "clio demo --output runs/demo",
        )  # fmt: skip
    release = folder if (folder / "clusters.parquet").is_file() else folder / "release"
    if not (release / FILE).is_file():
        return _without_release(folder, release)
    if error is None:
        return None
    if isinstance(error, EditsError):
        return Trouble(
            "damaged", "The edits beside this release cannot be read", str(error).replace(str(folder), folder.name),
            "It is not shown without them: what somebody hid would be back. The release itself is whole.",
        )  # fmt: skip
    about = _read(release / FILE)
    made = str(about.get("clio") or "") if isinstance(about, dict) else ""
    if isinstance(error, TableError) and made and made != clio.__version__:
        older = _version(made) < _version(clio.__version__)
        return Trouble(
            "older" if older else "newer",
            f"This release was made by {'an older' if older else 'a newer'} version",
            f"It was made by version {_short(made)}; this is {clio.__version__}, whose tables have other columns.",
            "Publish it again: what was already computed is kept."
            if older
            else "Update Clio Toolkit, or open the release with the version that made it.",
            "clio run CONFIG --input FILE --output RUN --force publish" if older else "pip install -U clio-toolkit",
        )
    return Trouble(
        "damaged", "The release is damaged", str(error).replace(str(folder), folder.name),
        "Run the same command again: it makes anew what is missing. A release that was sent to you: ask for it again.",
        "clio run CONFIG --input FILE --output RUN --force publish",
    )  # fmt: skip


def _without_release(folder: Path, release: Path) -> Trouble:
    manifest = folder / FILE
    if not manifest.is_file():
        damaged = release.is_dir() and any(release.glob("*.parquet"))
        if damaged:
            return Trouble(
                "damaged", "The release is not whole", "It has tables but no manifest that says what they are.",
                "Copy the whole folder again, or publish it again.",
            )  # fmt: skip
        return Trouble(
            "foreign", "This is not the folder of a run",
            f"A run holds a {FILE} and a folder `release`; this one holds neither.",
            "Name the folder that was given to --output.", "clio explore runs/demo",
        )  # fmt: skip
    data = _read(manifest)
    if not isinstance(data, dict) or not isinstance(data.get("stages"), dict):
        return Trouble(
            "damaged", "The run's manifest is damaged", f"{FILE} cannot be read, so nothing in the run can be trusted.",
            "Run the same command again with a new folder.", "clio run CONFIG --input FILE --output NEW",
        )  # fmt: skip
    stages = tuple((str(name), bool((entry or {}).get("done"))) for name, entry in data["stages"].items())
    done = sum(finished for _, finished in stages)
    return Trouble(
        "unfinished", "This run has released nothing yet",
        f"{done} of its stages {'is' if done == 1 else 'are'} done"
        + (f"; it stopped in {data['stopped_in']}." if isinstance(data.get("stopped_in"), str) else "."),
        "If it is not running any more, give the same command again: it goes on where it was.",
        "clio run CONFIG --input FILE --output RUN", stages,
    )  # fmt: skip


def _read(path: Path) -> Any:
    try:
        return read_json(path)
    except ClioError:
        return None


def _short(version: str) -> str:
    return "".join(c for c in version[:20] if c.isalnum() or c in ".+-")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("+")[0].split(".")[:3] if part.isdigit())
