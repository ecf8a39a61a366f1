"""What reports and exports share on their way out: who looks through them, what they may hold, where they may lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clio.config.redact import RedactConfig
from clio.errors import PrivacyError, RunError
from clio.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from clio.explore.release import Release
    from clio.privacy.redact.redactor import Redactor
    from clio.runs.read import Run

FRAMES = {"map": "squares", "privacy": "rules"}
"""Release tables that :class:`clio.explore.release.Release` calls otherwise."""


def redactor_of(release: Release) -> Redactor:
    """As the run's own config has it, allow-list included; by default settings where a release was passed on alone.

    Raises:
        MissingExtraError: the run requires a detector of names that is not installed here. Without it, the last look
            would be weaker than the one that the release passed.
        ClioError: as :class:`clio.privacy.redact.redactor.Redactor`.
    """
    from pydantic import ValidationError

    from clio.privacy.redact.redactor import Redactor

    given = ((release.private or {}).get("config") or {}).get("redact") or {}
    try:
        config = RedactConfig.model_validate(given)
    except ValidationError:  # of another version: without its allow-list, and no weaker than it asks for
        names = given.get("names") if isinstance(given, dict) else None
        config = RedactConfig(names="required") if names == "required" else RedactConfig()
    return Redactor(config)


def hold_thresholds(release: Release) -> None:
    """The thresholds again, in case the release was changed by hand; where counts are exact they can be checked.

    Raises:
        PrivacyError: a table holds a cell under threshold. Names table and threshold.
    """
    settings = (release.about.get("settings") or {}).get("release") or {}
    if "noise" in release.about or settings.get("round_to", 1) != 1:
        return
    least = {"conversations": release.thresholds.conversations, "accounts": release.thresholds.accounts}
    for name in (table.name for table in TABLES.values() if table.side == "release"):
        frame = frame_of(release, name)
        for column in least.keys() & set(frame.columns):
            if (frame[column] < least[column]).any():
                raise PrivacyError(
                    f"table {name} of the release holds a cell of fewer than {least[column]} {column}, so it was "
                    "changed after publishing. Nothing was written; run the same `clio run` command again."
                )


def frame_of(release: Release, name: str) -> pd.DataFrame:
    """A table of the release by its name in :mod:`clio.tables`, with the edits in force."""
    frame: pd.DataFrame = getattr(release, FRAMES.get(name, name))
    return frame


def refuse_within(target: Path, run: Run, remedy: str) -> None:
    """Raise where ``target`` is the run's folder, or lies in its release or workspace.

    Raises:
        RunError: it does; ``remedy`` says what to do instead.
    """
    real = target.resolve()
    own = [run.release.resolve(), (run.folder / "workspace").resolve()]
    if real == run.folder.resolve() or any(real == path or path in real.parents for path in own):
        raise RunError(f"{target}: belongs to the run itself. {remedy}")
