"""The form that makes a config: what it asks, in which control, within which bounds, from the config models themselves.

Settings that name a path, an environment variable, code or a table of their own are left to a config file: a browser
is to reach no file outside the runs folder and to send no key of this machine anywhere.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from clio.config import RunConfig, load_config
from clio.config.ingest import IngestConfig
from clio.config.load import read_yaml
from clio.config.reference import meaning
from clio.config.release import PRESETS
from clio.errors import ConfigError, InputError, RunError

_HERE = Path(__file__).resolve().parent
_SHIPPED, _CHECKOUT = _HERE / "configs", _HERE.parents[1] / "configs"
CONFIGS = _SHIPPED if _SHIPPED.is_dir() else _CHECKOUT
OFFERED = ("embedded", "claude", "local-server")
"""Configs of ``configs/`` that a form begins with."""

Kind = Literal["text", "whole", "number", "switch", "choice", "choices", "words", "day"]
COLUMNS = "ingest.columns."
FILE_ONLY = frozenset(
    {
        "redact.packs", "writer.backend", "writer.api_key_env", "encoder.device", "workspace.key_env",
        "workspace.key_file",
    }
)  # fmt: skip
"""Never asked here, whatever their type."""
BASIC = {
    "title": "Title",
    "release.preset": "Thresholds",
    "ingest.sampling.size": "Conversations, at most",
    "ingest.sampling.per_account": "Of one account, at most",
    "seed": "Seed",
    "facets.use": "Facets",
    "cluster.method": "Clusters by",
    "cluster.k": "Base clusters",
    "arrange.levels": "Levels",
    "arrange.top": "Clusters on the top level",
    "encoder.model": "Model of the vectors",
    "writer.model": "Model that writes",
    "writer.base_url": "Address of the server",
    "writer.budget_usd": "Budget in USD",
    "writer.concurrency": "Requests at the same time",
}
"""What is asked first, in this order; the rest is under all settings."""
_MESSAGES_BASIC = frozenset({"writer.model"})
"""Basic only where a capable model writes."""
_WHOLE, _LONGEST = 2**53 - 1, 500
"""The largest whole number that a browser tells from its neighbours; characters of a text."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting of the form."""

    key: str
    """Dotted, as in a config file."""
    label: str
    kind: Kind
    help: str
    value: Any
    """What it is now."""
    optional: bool = False
    """Whether it may be left out."""
    basic: bool = False
    least: float | None = None
    most: float | None = None
    longest: int = _LONGEST
    """Characters."""
    options: tuple[Any, ...] = ()
    titles: tuple[str, ...] = ()
    """What the options are called, one each."""

    @property
    def section(self) -> str:
        """The part of a config file that it stands in."""
        return self.key.rpartition(".")[0] or "run"

    def title(self, option: object) -> str:
        """What an option is called."""
        return self.titles[self.options.index(option)] if option in self.options else str(option)

    def changed(self, value: Any) -> bool:
        """Whether a control's value is another than what it was drawn with."""
        return _plain(value) != _plain(self.value) and not (self.value is None and value == [])


def base_config(base: str) -> RunConfig:
    """One of the shipped configs.

    Raises:
        RunError: there is none of this name.
    """
    return load_config(_shipped(base))


def _shipped(base: str) -> dict[str, Any]:
    if base not in OFFERED:
        raise RunError(f"There is no such config; there are {', '.join(OFFERED)}.")
    return read_yaml(CONFIGS / f"{base}.yaml")


def entries(base: str, config: RunConfig | None = None, columns: Sequence[str] = ()) -> tuple[Entry, ...]:
    """Every setting that the form asks for, the basic ones first.

    Args:
        base: the shipped config that it begins with.
        config: where the values come from; default: the shipped config.
        columns: of the table that is read, to choose from.
    """
    config = config or base_config(base)
    found = [_known(entry, base, columns) for entry in _walk(type(config), config, "") if _asked(entry.key, base)]
    order = {key: place for place, key in enumerate(BASIC)}
    return tuple(sorted(found, key=lambda entry: order[entry.key] if entry.basic else len(order)))


def form_config(base: str, changes: Mapping[str, Any]) -> RunConfig:
    """One of the shipped configs with dotted keys changed; None leaves a key out, so that its default holds.

    Raises:
        ConfigError: a setting is wrong, or none that the form asks for; every fault is told with its path.
        RunError: there is no config of this name.
    """
    data, asked = _shipped(base), {entry.key: entry for entry in entries(base)}
    faults = [f"{key}: is not set in this form" for key in changes if key not in asked]
    faults += [f"{key}: none of the choices" for key, value in changes.items() if not _offered(asked.get(key), value)]
    if faults:
        raise ConfigError("This form cannot set everything:", tuple(faults))
    for key, value in changes.items():
        _put(data, key.split("."), _plain(value))
    if (data.get("ingest") or {}).get("columns"):
        data["ingest"]["format"] = "columns"
    if changes.get("facets.use") and data["facets"].get("intersections"):
        # Pairs are a config file's matter; those of a facet that is left out go with it.
        crossed = data["facets"]["intersections"]
        data["facets"]["intersections"] = [pair for pair in crossed if set(pair) <= set(changes["facets.use"])]
    config = load_config(data)
    from clio.prompts.facets import resolve

    resolve(config.facets)
    return config


def by_key(error: ConfigError, keys: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Faults by the entry that they belong to, and those that belong to none."""
    found: dict[str, str] = {}
    rest = []
    for fault in error.faults or (str(error),):
        place, _, said = fault.partition(": ")
        key = next((key for key in keys if place == key or place.startswith(f"{key}.")), None)
        if key is None:
            rest.append(fault)
        else:
            found[key] = f"{found[key]}; {said}" if key in found else said
    return found, rest


def columns_of(path: Path) -> tuple[str, ...]:
    """Names of the columns of a table that is of no format we know; none where its format is known.

    Raises:
        InputError: it cannot be read at all.
    """
    from clio.conversations.detect import detect
    from clio.conversations.records import container, table_rows
    from clio.conversations.rows import parquet_columns
    from clio.conversations.types import Rejection

    try:
        detect(path, IngestConfig())
    except InputError:
        if container(path) == "zip":
            raise
        if container(path) == "parquet":
            return tuple(parquet_columns(path))
        for row in islice(table_rows(path, IngestConfig(), (), ()), 20):
            if not isinstance(row, Rejection) and isinstance(row[1], Mapping):
                return tuple(str(name) for name in row[1])
        raise
    return ()


def ingest_config(changes: Mapping[str, Any]) -> IngestConfig:
    """How a file is read with these changes of ``ingest.columns``.

    Raises:
        ConfigError: they do not tell where the text is.
    """
    return form_config(OFFERED[0], {key: value for key, value in changes.items() if key.startswith(COLUMNS)}).ingest


def _asked(key: str, base: str) -> bool:
    # Anthropic's key goes to Anthropic: another address is for a server of one's own.
    return key not in FILE_ONLY and (key != "writer.base_url" or base == "local-server")


def _walk(model: type[BaseModel], values: BaseModel | None, above: str) -> Iterator[Entry]:
    for name, field in model.model_fields.items():
        value = field.get_default(call_default_factory=True) if values is None else getattr(values, name)
        annotation, optional = _without_none(field.annotation)
        if name == "writer" and not above:
            annotation = type(value)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from _walk(annotation, value, f"{above}{name}.")
            continue
        kind, options = _kind(annotation)
        if kind is not None:
            missing = field.is_required() and values is None
            value = None if missing else _plain(value)
            entry = Entry(above + name, _label(name), kind, _help(field), value, optional or missing, options=options)
            yield _bounded(entry, field)


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation, False
    rest = tuple(part for part in get_args(annotation) if part is not type(None))
    optional = len(rest) < len(get_args(annotation))
    return (rest[0] if len(rest) == 1 else Union[rest]), optional  # noqa: UP007 - made at run time


def _kind(annotation: Any) -> tuple[Kind | None, tuple[Any, ...]]:
    """The control for a type, and what it offers; none for a table of its own."""
    simple: dict[Any, Kind] = {bool: "switch", int: "whole", float: "number", str: "text", date: "day"}
    if annotation in simple:
        return simple[annotation], ()
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return "choice", parts
    if origin is Union and set(parts) - {bool} and all(part is bool or get_origin(part) is Literal for part in parts):
        return "choice", tuple(o for part in parts for o in ((True, False) if part is bool else get_args(part)))
    if origin is tuple and parts[1:] == (Ellipsis,):
        if get_origin(parts[0]) is Literal:
            return "choices", get_args(parts[0])
        if parts[0] is str:
            return "words", ()
    return None, ()


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _help(field: FieldInfo) -> str:
    default = None if field.is_required() else _plain(field.get_default(call_default_factory=True))
    told = "" if default in (None, "", []) else f"Default: {default}."
    return " ".join(filter(None, (meaning(field), told)))


def _bounded(entry: Entry, field: FieldInfo) -> Entry:
    bounds = {
        name: value
        for rule in field.metadata
        for name in ("ge", "gt", "le", "lt", "max_length")
        if (value := getattr(rule, name, None)) is not None
    }
    least, most = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
    if entry.kind == "whole":
        most = _WHOLE if most is None else most
    return replace(entry, least=least, most=most, longest=bounds.get("max_length", _LONGEST))


def _known(entry: Entry, base: str, columns: Sequence[str]) -> Entry:
    """With its place in the form, and with choices that no type tells."""
    basic = entry.key in BASIC and not (base == "embedded" and entry.key in _MESSAGES_BASIC)
    entry = replace(entry, basic=basic, label=BASIC[entry.key] if basic else entry.label)
    choices = _choices(entry.key, base)
    if choices:
        kind: Kind = "choices" if entry.kind in ("words", "choices") else "choice"
        return replace(entry, kind=kind, options=tuple(choices), titles=tuple(choices.values()))
    if entry.key.startswith(COLUMNS) and columns:
        return replace(entry, kind="choice", options=tuple(columns), titles=tuple(columns))
    return replace(entry, titles=tuple(_said(option) for option in entry.options))


def _said(option: object) -> str:
    return ("no", "yes")[option] if isinstance(option, bool) else str(option)


def _choices(key: str, base: str) -> dict[str, str]:
    """Options, and what they are called, of settings whose type is any text; models of this machine by name alone."""
    from clio.prompts.facets import shipped

    if key == "release.preset":
        return {
            name: f"{name.capitalize()}: {least['min_conversations']} conversations, {least['min_accounts']} accounts"
            for name, least in PRESETS.items()
        }
    if key in ("facets.use", "release.noise.facets"):
        return {name: name for name in shipped()}
    if key == "encoder.model" or (key == "writer.model" and base == "embedded"):
        return _weights(key.partition(".")[0])
    return {}


def _weights(kind: str) -> dict[str, str]:
    from clio.models.weights import available

    return {
        row.name: f"{row.name}: {row.about}" + ("" if row.installed else " (not on this machine yet)")
        for row in available()
        if row.kind == kind
    }


def _offered(entry: Entry | None, value: Any) -> bool:
    if entry is None or value is None or entry.kind not in ("choice", "choices"):
        return True
    return all(one in entry.options for one in (value if entry.kind == "choices" else [value]))


def _plain(value: Any) -> Any:
    """As a control or a YAML file has it: lists for tuples, nothing for an empty text."""
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return None if value == "" else value


def _put(data: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        if not isinstance(data.get(key), dict):
            if value is None:
                return
            data[key] = {}
        data = data[key]
    if value is None:
        data.pop(keys[-1], None)
    else:
        data[keys[-1]] = value


@cache
def file_only(base: str) -> tuple[str, ...]:
    """Settings that only a config file has, by key."""
    asked = {entry.key for entry in entries(base)}
    return tuple(key for key in _keys(type(base_config(base).writer)) if key not in asked)


def _keys(writer: type[BaseModel]) -> Iterator[str]:
    def walk(model: type[BaseModel], above: str) -> Iterator[str]:
        for name, field in model.model_fields.items():
            annotation, _ = _without_none(field.annotation)
            annotation = writer if above + name == "writer" else annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                yield from walk(annotation, f"{above}{name}.")
            else:
                yield above + name

    return walk(RunConfig, "")
