"""What becomes of the private side of a run while it lies on the disk."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from clio.config.base import Section


class WorkspaceConfig(Section):
    """The private side at rest: how much of it is kept, and how long (docs/at-rest.md). Changes no result."""

    encryption: Literal["none", "key"] = "none"
    """``key``: tables, vectors and journal are encrypted under a random key of the run's own, which lies in the user's
    data folder, encrypted with the user's key. Decided when a run is begun. Without the key the private side is lost;
    vectors are read into memory instead of mapped."""
    key_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Environment variable that holds the user's key: 32 bytes as 64 hexadecimal digits or in base64."""
    key_file: str | None = Field(default=None, min_length=1)
    """File that holds it, instead. Default: a key made at first use in the user's data folder."""
    keep: Literal["all", "tables", "nothing"] = "all"
    """What a finished run keeps. ``all``; ``tables``: not the journal that they were made from, so that vectors of
    conversations cannot be made anew without asking again; ``nothing``: the private side is purged after publishing,
    and the run is at its end: it cannot be gone on with, published again or looked into."""
    keep_days: int | None = Field(default=None, ge=1, le=36_500)
    """Days after the run began on which its private side is to be gone. ``clio purge --expired FOLDER`` sees to it,
    from a scheduler; a run that is past them says so and shows no rows. Publishing again does not prolong them."""

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.key_env and self.key_file:
            raise ValueError("the key comes from key_env or from key_file, not from both")
        if (self.key_env or self.key_file) and self.encryption == "none":
            raise ValueError("a key is named and encryption is none: set encryption to key")
        return self
