"""From YAML to a :class:`RunConfig`, with every fault at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from clio.config.release import PRESETS
from clio.config.run import RunConfig
from clio.errors import ConfigError

ConfigLike = RunConfig | Mapping[str, Any] | str | Path | None
"""What the API takes for a config: a model, a mapping, the path of a YAML file, or nothing for the defaults."""

_PLAINER = {"union_tag_not_found": "say who writes: `backend: embedded` or `backend: messages`"}
"""Where pydantic's own words would help nobody, by its type of fault."""


def load_config(source: ConfigLike, **overrides: Any) -> RunConfig:
    """Read and validate; ``overrides`` are dotted keys (``sampling.size`` as ``{"ingest.sampling.size": 10}``).

    Raises:
        ConfigError: the file cannot be read, is not YAML, or holds faults; all of them are listed, each with its path.
    """
    if isinstance(source, RunConfig):
        data: dict[str, Any] = source.model_dump(exclude_unset=True)
        where = "config"
        # What a preset filled in is not a setting of its own: another preset has to replace it.
        preset = PRESETS[source.release.preset]
        release = data.get("release", {})
        data |= {"release": {key: value for key, value in release.items() if preset.get(key) != value}}
    elif isinstance(source, (str, Path)):
        data, where = read_yaml(Path(source)), str(source)
    else:
        data, where = _copy(source or {}), "config"
    for key, value in overrides.items():
        if value is not None:
            _put(data, key.split("."), value)
    try:
        return RunConfig.model_validate(data)
    except ValidationError as invalid:
        faults = tuple(
            f"{_path(fault['loc'])}: {_PLAINER.get(fault['type'], fault['msg'])}" for fault in invalid.errors()
        )
        raise ConfigError(f"{where}: {len(faults)} fault{'s' * (len(faults) != 1)}", faults) from None


def _path(place: tuple[int | str, ...]) -> str:
    """Where a fault stands, as keys of the file: pydantic puts the writer's backend in between."""
    if place[:1] == ("writer",):
        place = place[:1] + place[2:]
    return ".".join(str(part) for part in place) or "(top)"


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds; ConfigError where it cannot be read or holds none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{path}: cannot be read ({fault.__class__.__name__}). Is this the config file?") from None
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}: not valid YAML{line}") from None
    except (ValueError, RecursionError):
        # PyYAML lets these through: a day that no calendar has, a number of thousands of digits, endless nesting.
        raise ConfigError(f"{path}: holds a value that YAML cannot mean, such as an impossible date") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: expected sections (key: value), found a {type(data).__name__}")
    return data


def _copy(data: Mapping[str, Any]) -> dict[str, Any]:
    return {str(k): _copy(v) if isinstance(v, Mapping) else v for k, v in data.items()}


def _put(data: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        inner = data.get(key)
        data[key] = dict(inner) if isinstance(inner, Mapping) else {}
        data = data[key]
    data[keys[-1]] = value
