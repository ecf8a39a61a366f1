"""What a report shows and how: a small YAML file of its own, beside the run's config."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from clio.config.base import Section
from clio.config.load import read_yaml
from clio.errors import ConfigError

SectionName = Literal["summary", "map", "hierarchy", "areas", "concerns", "methods", "privacy", "limits", "appendix"]
Detail = Literal["brief", "standard", "full"]
Language = Literal["en", "de"]
ALL_SECTIONS: tuple[SectionName, ...] = (
    "summary", "map", "hierarchy", "areas", "concerns", "methods", "privacy", "limits", "appendix",
)  # fmt: skip


_FOLDERS = ("templates", "fonts")


class ReportConfig(Section):
    """Settings of a report. All have defaults."""

    title: str = Field("", max_length=200)
    """Heading of the report; empty: the run's own title."""
    organisation: str = Field("", max_length=200)
    """Who sends it: on the title page and in the foot."""
    sections: tuple[SectionName, ...] = ALL_SECTIONS
    """Which sections, in which order. Privacy and limits can be moved, not left out."""
    detail: Detail = "standard"
    """How much of each: brief leaves out breakdowns and the appendix's rows, full caps as little as it can."""
    language: Language = "en"
    """Of the fixed text. Names and summaries stay as the run wrote them."""
    concerns: tuple[str, ...] | None = None
    """Facets that tell of harm; by default those with a word for it in their name (concern, harm, risk, abuse, flag).
    Of a scale, the upper half of the steps is read as the harmful one."""
    low_is_harm: tuple[str, ...] = ()
    """Scales whose lower half is the harmful one, such as a `safety` of which 5 is the safest; they tell of harm too,
    without being named under `concerns`."""
    templates: Path | None = None
    """Folder whose files take the place of the built-in ones of the same name: report.html.j2, report.css, report.typ,
    report.docx. Markdown has no template."""
    fonts: Path | None = None
    """Folder of fonts for the PDF, before those of this computer; a character that none has is printed as a box."""

    @field_validator("sections")
    @classmethod
    def _whole(cls, given: tuple[SectionName, ...]) -> tuple[SectionName, ...]:
        if len(set(given)) != len(given):
            raise ValueError("a section is named twice")
        missing = [name for name in ("privacy", "limits") if name not in given]
        if missing:
            raise ValueError(
                f"{' and '.join(missing)} cannot be left out: a reader has to learn what was hidden and what the "
                "numbers do not say"
            )
        return given


def load_report_config(source: ReportConfig | Mapping[str, Any] | str | Path | None, **overrides: Any) -> ReportConfig:
    """Read and validate; an override of None changes nothing. A relative ``templates`` or ``fonts`` is beside the file.

    Raises:
        ConfigError: the file cannot be read or holds faults; all of them are listed.
    """
    where = "report config"
    if isinstance(source, ReportConfig):
        data: dict[str, Any] = source.model_dump(exclude_unset=True)
    elif isinstance(source, (str, Path)):
        where = str(source)
        data = read_yaml(Path(source))
        data |= {name: Path(source).parent / data[name] for name in _FOLDERS if isinstance(data.get(name), str)}
    else:
        data = dict(source or {})
    data |= {name: value for name, value in overrides.items() if value is not None}
    try:
        config = ReportConfig.model_validate(data)
    except ValidationError as invalid:
        faults = tuple(
            f"{'.'.join(str(part) for part in fault['loc']) or '(top)'}: {fault['msg']}" for fault in invalid.errors()
        )
        raise ConfigError(f"{where}: {len(faults)} fault{'s' * (len(faults) != 1)}", faults) from None
    folders = {name: getattr(config, name) for name in _FOLDERS}
    absent = tuple(f"{name}: {path} is no folder" for name, path in folders.items() if path and not path.is_dir())
    if absent:
        raise ConfigError(f"{where}: {len(absent)} fault{'s' * (len(absent) != 1)}", absent)
    return config
