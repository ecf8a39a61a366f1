"""Exports are the release and nothing else, whatever stands in it, in every format."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import clio
from clio.cli import app
from clio.errors import PrivacyError, RunError
from clio.explore import curation
from clio.explore.release import load
from clio.exports.cells import given_text, neutral_text
from clio.exports.formats import FORMATS
from clio.exports.workbook import write_workbook
from clio.privacy.wall import clean_text
from clio.tables import CLUSTERS, TABLES
from tests.released import finished_run, one_cluster, variant, without_clusters

RELEASED = {name: table for name, table in TABLES.items() if table.side == "release"}
HOSTILE = (
    "=cmd|'/c calc'!A1",
    "  +1+1",
    "@SUM(A1)",
    "'=1",
    "＝1+1",
    "<script>alert(1)</script> **bold** [x](y) | a pipe",
    "\u202egnp.exe \u05d0\u05d1\u05d2 \x00\x07\x1b[31m",
    "word" * 2_500,
    "\N{FAMILY}\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-6} \U0001f600",
    'a "quoted", comma; semicolon\r\nnew line',
    "日本語 العربية \ud83d",
)


def release_of(run: Path) -> dict[str, pd.DataFrame]:
    return {name: clio.open_run(run).table(name) for name in RELEASED}


def cell(name: str, text: Any) -> Any:
    """A cell of CSV or XLSX as the value of its column."""
    kind = RELEASED[name[0]].schema.field(name[1]).type
    if text is None or (text == "" and RELEASED[name[0]].schema.field(name[1]).nullable):
        return None
    if pa.types.is_list(kind):
        return json.loads(text)
    if pa.types.is_boolean(kind):
        return text if isinstance(text, bool) else {"true": True, "false": False}[text]
    if pa.types.is_integer(kind):
        return int(text)
    if pa.types.is_floating(kind):
        return float(text)
    return given_text(text)


def read_back(folder: Path, form: str) -> dict[str, list[dict[str, Any]]]:
    """Every table of an export by nothing but its own files."""
    found: dict[str, list[dict[str, Any]]] = {}
    for resource in json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["resources"]:
        path, name = folder / resource["path"], resource["name"]
        if form == "json":
            found[name] = json.loads(path.read_text(encoding="utf-8"))
        elif form == "parquet":
            found[name] = pq.read_table(path).to_pylist()
        else:
            lines = list(sheets(path)[resource["dialect"]["sheetName"]] if form == "xlsx" else csv_rows(path))
            heads = lines[0]
            found[name] = [{h: cell((name, h), v) for h, v in zip(heads, row, strict=True)} for row in lines[1:]]
    return found


def csv_rows(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def sheets(path: Path) -> dict[str, list[list[Any]]]:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(path.read_bytes()))
    found = {}
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            assert not any(one.data_type == "f" or one.hyperlink for one in row)
        empty = "" if sheet.title != "read me" else None
        found[sheet.title] = [[empty if v is None else v for v in row] for row in sheet.iter_rows(values_only=True)]
    return found


def expected(run: Path) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for name, frame in release_of(run).items():
        table = RELEASED[name].validate(pa.Table.from_pandas(frame, preserve_index=False))
        found[name] = [{key: clean(value) for key, value in row.items()} for row in table.to_pylist()]
    return found


def as_written(tables: dict[str, list[dict[str, Any]]], form: str) -> dict[str, list[dict[str, Any]]]:
    """A workbook holds 16 significant digits, all other files the exact number."""

    def number(value: Any) -> Any:
        return float(f"{value:.16g}") if form == "xlsx" and isinstance(value, float) else value

    return {name: [{k: number(v) for k, v in row.items()} for row in rows] for name, rows in tables.items()}


def clean(value: Any) -> Any:
    if isinstance(value, list):
        return [clean_text(part) for part in value]
    return clean_text(value) if isinstance(value, str) else value


def numbers(rows: list[dict[str, Any]]) -> set[tuple[str, float]]:
    kinds = (int, float)
    return {(k, v) for row in rows for k, v in row.items() if isinstance(v, kinds) and not isinstance(v, bool)}


def forged(run: Path, to: Path, names: tuple[str, ...]) -> Path:
    """As no wall would let it pass."""

    def spoil(frame: pd.DataFrame) -> pd.DataFrame:
        given = [names[n % len(names)].replace("\ud83d", "") for n in range(len(frame))]
        return frame.assign(name=given, summary=given[::-1], terms=[[name, name] for name in given])

    return variant(run, to, clusters=spoil)


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_read_back_is_the_release(run: Path, tmp_path: Path, form: str) -> None:
    folder = clio.export(run, tmp_path / "out", format=form)
    found = read_back(folder, form)
    assert list(found) == list(RELEASED)
    assert found == as_written(expected(run), form)
    for name, rows in found.items():
        assert all(list(row) == [c.name for c in RELEASED[name].columns] for row in rows)


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_names_come_back_as_text(run: Path, tmp_path: Path, form: str) -> None:
    spoiled = forged(run, tmp_path / "run", HOSTILE)
    folder = clio.export(spoiled, tmp_path / "out", format=form)
    assert read_back(folder, form) == as_written(expected(spoiled), form)
    assert len({row["name"] for row in expected(spoiled)["clusters"]}) > 3
    if form in ("csv", "xlsx"):
        rows = csv_rows(folder / "clusters.csv") if form == "csv" else sheets(folder / "release.xlsx")["clusters"]
        texts = [value for row in rows for value in row if isinstance(value, str)]
        numeric = [value for value in texts if value.startswith("-")]
        assert all(float(value) < 0 for value in numeric)
        assert not [value for value in texts if value.lstrip().startswith(("=", "+", "@", "＝"))]


@given(st.text())
def test_an_apostrophe_goes_on_and_comes_off(text: str) -> None:
    written = neutral_text(text)
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    assert given_text(written) == clean_text(text)


@pytest.mark.parametrize(
    "planted", ["write to maria.lopez@example.org", "call +49 30 901820 now", "4111 1111 1111 1111"]
)
@pytest.mark.parametrize("form", FORMATS)
def test_a_finding_fails_and_leaves_nothing(run: Path, tmp_path: Path, form: str, planted: str) -> None:
    spoiled = forged(run, tmp_path / "run", ("a good name", planted))
    with pytest.raises(PrivacyError, match="clusters") as raised:
        clio.export(spoiled, tmp_path / "out", format=form)
    assert planted not in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_cell_under_threshold_is_not_exported(run: Path, tmp_path: Path) -> None:
    small = variant(run, tmp_path / "run", trends=lambda frame: frame.assign(accounts=1))
    with pytest.raises(PrivacyError, match="table trends"):
        clio.export(small, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def scopes(run: Path) -> list[dict[str, Any]]:
    release = load(run)
    return [{"level": n} for n in range(release.top + 1)] + [{"cluster": name} for name in release.rows]


def test_every_exported_number_is_in_the_release(run: Path) -> None:
    """A part of a release is rows of it: nothing is summed or worked out anew, so the thresholds hold."""
    from clio.exports.scope import Scope, scoped

    release = load(run)
    whole = expected(run)
    for scope in scopes(run):
        for name, table in scoped(release, Scope(**scope)).items():
            rows = table.to_pylist()
            assert all(row in whole[name] for row in rows)
            assert numbers(rows) <= numbers(whole[name])


def test_a_cluster_is_exported_with_what_is_below_it(run: Path, tmp_path: Path) -> None:
    release = load(run)
    top = release.children[None][0]
    found = read_back(clio.export(run, tmp_path / "out", format="json", cluster=top), "json")
    ids = {row["cluster_id"] for row in found["clusters"]}
    assert ids == {top, *(name for name in release.rows if top in release.path(name))}
    assert {row["cluster_id"] for row in found["breakdowns"] + found["trends"]} <= ids
    assert found["map"] == []


def test_a_level_is_exported_with_the_whole_beside_it(run: Path, tmp_path: Path) -> None:
    found = read_back(clio.export(run, tmp_path / "out", format="json", level=0), "json")
    assert {row["level"] for row in found["clusters"] + found["levels"]} == {0}
    assert sum(row["conversations"] for row in found["clusters"]) == found["levels"][0]["conversations"]
    assert "all" in {row["cluster_id"] for row in found["trends"]}


def test_what_is_not_there_is_said_with_what_is(run: Path, tmp_path: Path) -> None:
    known = next(iter(load(run).rows))
    with pytest.raises(RunError, match=known):
        clio.export(run, tmp_path / "out", cluster=f"{known}9")
    with pytest.raises(RunError, match="levels: 0"):
        clio.export(run, tmp_path / "out", level=17)
    with pytest.raises(RunError, match="csv, parquet, json, xlsx"):
        clio.export(run, tmp_path / "out", format="sav")


def test_only_a_former_export_is_replaced(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    clio.export(run, out, format="csv")
    with pytest.raises(RunError, match="not empty"):
        clio.export(run, out, format="json")
    clio.export(run, out, format="json", force=True)
    assert not list(out.glob("*.csv"))
    (out / "thesis.docx").write_text("mine")
    with pytest.raises(RunError, match="no export wrote"):
        clio.export(run, out, format="csv", force=True)
    assert (out / "thesis.docx").read_text() == "mine"


@pytest.mark.parametrize("place", ["", "release/tables", "workspace", "release"])
def test_the_run_itself_is_no_place_for_an_export(run: Path, place: str) -> None:
    with pytest.raises(RunError, match="belongs to the run"):
        clio.export(run, run / place, force=True)


@pytest.mark.parametrize("make", [without_clusters, one_cluster])
@pytest.mark.parametrize("form", FORMATS)
def test_small_releases(run: Path, tmp_path: Path, make: Callable[[Path, Path], Path], form: str) -> None:
    made = make(run, tmp_path / "run")
    assert read_back(clio.export(made, tmp_path / "out", format=form), form) == as_written(expected(made), form)


def test_a_release_that_was_passed_on_alone(run: Path, tmp_path: Path) -> None:
    """Without terms: which are shown depends on a secret of the key, and the strict detectors take some for names."""
    termless = variant(run, tmp_path / "run", clusters=lambda f: f.assign(terms=[[] for _ in range(len(f))]))
    shutil.copytree(termless / "release", tmp_path / "alone")
    found = read_back(clio.export(tmp_path / "alone", tmp_path / "out", format="json"), "json")
    assert found == expected(termless)


def test_edits_are_applied_unless_they_are_not_wanted(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    release = load(tmp_path / "run")
    assert release.published is not None
    one = next(iter(release.rows))
    curation.add(tmp_path / "run", release.published, "rename", cluster=one, text="=A better name", why="clearer")
    with_edits = read_back(clio.export(tmp_path / "run", tmp_path / "a", format="csv"), "csv")
    assert {r["cluster_id"]: r["name"] for r in with_edits["clusters"]}[one] == "=A better name"
    assert json.loads((tmp_path / "a" / "datapackage.json").read_text())["clio"]["edits"] == 1
    assert read_back(clio.export(tmp_path / "run", tmp_path / "b", format="csv", edits=False), "csv") == expected(run)


def test_the_byte_order_mark_is_an_option(run: Path, tmp_path: Path) -> None:
    assert (clio.export(run, tmp_path / "a") / "clusters.csv").read_bytes().startswith(b"\xef\xbb\xbfcluster_id,")
    assert (clio.export(run, tmp_path / "b", bom=False) / "clusters.csv").read_bytes().startswith(b"cluster_id,")


def test_long_cells_are_cut_and_long_tables_split(tmp_path: Path) -> None:
    row: dict[str, object] = {c.name: 1 for c in CLUSTERS.columns if not pa.types.is_string(c.type)}
    row |= {c.name: "x" for c in CLUSTERS.columns if pa.types.is_string(c.type)} | {"terms": ["t"], "merged": False}
    table = CLUSTERS.build([row | {"cluster_id": f"0-{n}", "name": "n" * 40_000} for n in range(7)])
    written = write_workbook(tmp_path, {"clusters": table}, ["=notes"], most=4)
    assert [(one.sheet, one.rows) for one in written] == [("clusters", 3), ("clusters (2)", 3), ("clusters (3)", 1)]
    found = sheets(tmp_path / "release.xlsx")
    assert found["read me"] == [["'=notes"]]
    ids = [line[0] for one in written for line in found[one.sheet][1:]]
    assert ids == [f"0-{n}" for n in range(7)]
    assert len(found["clusters"][1][3]) == 32_767
    assert found["clusters"][1][3].endswith("[cut]")


TYPES = {"array", "boolean", "integer", "number", "string"}
LAWFUL = {
    "name",
    "type",
    "path",
    "format",
    "mediatype",
    "encoding",
    "dialect",
    "bytes",
    "hash",
    "description",
    "schema",
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("scope", [{}, {"level": 0}])
def test_the_data_package_keeps_to_the_standard_and_to_the_files(
    run: Path, tmp_path: Path, form: str, scope: dict[str, Any]
) -> None:
    """Data Package 2.0: what it requires of packages, resources, schemas and fields; then every claim on the rows."""
    folder = clio.export(run, tmp_path / "out", format=form, **scope)
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert package["resources"]
    assert package["clio"]["digest"] == load(run).about["digest"]
    assert package["clio"]["thresholds"]["accounts"] == 3
    assert "licenses" not in package
    tables = read_back(folder, form)
    for resource in package["resources"]:
        assert set(resource) <= LAWFUL
        raw = (folder / resource["path"]).read_bytes()
        assert Path(resource["path"]).name == resource["path"]
        assert (resource["bytes"], resource["hash"]) == (len(raw), f"sha256:{hashlib.sha256(raw).hexdigest()}")
        schema, rows = resource["schema"], tables[resource["name"]]
        names = [field["name"] for field in schema["fields"]]
        assert names == [c.name for c in RELEASED[resource["name"]].columns]
        for field in schema["fields"]:
            assert field["type"] in TYPES
            assert field["description"]
            check(field, [row[field["name"]] for row in rows])
        key = schema["primaryKey"]
        assert len({tuple(row[part] for part in key) for row in rows}) == len(rows)
        for foreign in schema.get("foreignKeys", ()):
            here, there = foreign["fields"][0], foreign["reference"]["fields"][0]
            other = tables[foreign["reference"]["resource"] or resource["name"]]
            assert {row[here] for row in rows} - {None} <= {row[there] for row in other}
    assert {path.name for path in folder.iterdir()} == {
        "datapackage.json", "README.md", *(resource["path"] for resource in package["resources"])
    }  # fmt: skip


def check(field: dict[str, Any], values: list[Any]) -> None:
    python = {"array": list, "boolean": bool, "integer": int, "number": float, "string": str}[field["type"]]
    limits = field.get("constraints", {})
    for value in values:
        if value is None:
            assert not limits.get("required")
            continue
        assert isinstance(value, python)
        assert "minimum" not in limits or value >= limits["minimum"]
        assert "maximum" not in limits or value <= limits["maximum"] or math.isclose(value, limits["maximum"])
        assert "enum" not in limits or value in limits["enum"]


def test_with_noise_and_rounding_the_package_claims_no_threshold(tmp_path: Path) -> None:
    rounded = finished_run(tmp_path, release={"min_conversations": 5, "min_accounts": 3, "round_to": 4})
    folder = clio.export(rounded, tmp_path / "out", format="json")
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    fields = {field["name"]: field for field in package["resources"][0]["schema"]["fields"]}
    assert fields["conversations"]["constraints"]["minimum"] == 0
    assert package["clio"]["round_to"] == 4
    assert read_back(folder, "json") == expected(rounded)


def test_the_dictionary_names_every_column_and_why_a_row_is_missing(run: Path, tmp_path: Path) -> None:
    text = (clio.export(run, tmp_path / "out") / "README.md").read_text(encoding="utf-8")
    for table in RELEASED.values():
        assert f"## Table: {table.name}" in text
        for column in table.columns:
            assert f"| {column.name} | " in text
    assert "not a zero" in text
    assert "fewer than 3 accounts" in text


def test_the_command(run: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app, ["export", str(run), "--format", "xlsx", "-o", str(tmp_path / "out"), "--level", "0"]
    )
    assert done.exit_code == 0, done.output
    assert "release.xlsx" in done.output
    refused = CliRunner().invoke(app, ["export", str(run), "-o", str(tmp_path / "out")])
    assert isinstance(refused.exception, RunError)
