"""What becomes of the private side of a run while it lies on the disk."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clio.config.base import Section


class WorkspaceConfig(Section):
    """The private side at rest: how much of it is kept, and how long (docs/at-rest.md). Changes no result."""

    keep: Literal["all", "tables", "nothing"] = "all"
    """What a finished run keeps. ``all``; ``tables``: not the journal that they were made from, so that vectors of
    conversations cannot be made anew without asking again; ``nothing``: the private side is purged after publishing,
    and the run is at its end: it cannot be gone on with, published again or looked into."""
    keep_days: int | None = Field(default=None, ge=1, le=36_500)
    """Days after the run began on which its private side is to be gone. ``clio purge --expired FOLDER`` sees to it,
    from a scheduler; a run that is past them says so and shows no rows. Publishing again does not prolong them."""
