"""Single conversations on the map (restricted): places and clusters, entered in the access log before one is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from clio.errors import ClioError
from clio.explore.openings import closed
from clio.runs import restricted

if TYPE_CHECKING:
    from clio.explore.release import Release
    from clio.map.points import Points


@dataclass(frozen=True)
class Placed:
    """Points as they were when they were entered. They belong to one session: no cache may hold them."""

    run: Path
    release: str
    """Key of the release they were opened with; after another publication its clusters are others."""
    purpose: str
    number: int
    """Of its line in the access log."""
    points: Points = field(repr=False)

    def may_show(self, release: Release, purpose: str) -> bool:
        """Whether they are of this release, were opened for this purpose, and the run still has its private side."""
        same = (self.run, self.release, self.purpose) == (release.folder, release.key, purpose)
        return same and not closed(release)


def open_points(release: Release, *, purpose: str, who: str | None = None) -> Placed:
    """Enter the look in the access log, then give the points.

    Raises:
        ClioError: as :func:`clio.runs.restricted.positions`; nothing is shown then.
    """
    from clio.map.points import Points

    why = closed(release)
    if why:
        raise ClioError(why)
    run = release.folder
    frame, entry = restricted.positions(run, purpose=purpose, who=who)
    return Placed(run, release.key, purpose, entry.number, Points.from_frame(frame))
