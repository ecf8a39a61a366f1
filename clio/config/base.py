"""The base of every config model: unknown keys are faults, values do not change after loading."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One section of a config file."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
