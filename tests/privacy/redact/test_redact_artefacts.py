"""The last look at a release: whatever the file, what is planted in it is found, and told without being shown."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clio.config.redact import RedactConfig
from clio.errors import PrivacyError
from clio.privacy.redact import Redactor
from clio.privacy.redact.artefacts import Finding, scan_artefacts
from clio.privacy.redact.blocks import OVERLAP, PIECE, pieces, text_blocks
from clio.privacy.redact.spans import Span

RULES = Redactor(RedactConfig(), model=False)
MAIL = "jane@example.com"


def scan(folder: Path, **more: Any) -> list[Finding]:
    found = scan_artefacts(folder, RULES, **more)
    assert MAIL not in repr(found)
    assert "jane" not in repr(found)
    return found


def table(path: Path, columns: dict[str, Any], metadata: dict[str, str] | None = None) -> None:
    made = pa.table(columns)
    pq.write_table(made.replace_schema_metadata(metadata) if metadata else made, path)


def test_a_clean_release_holds_nothing(tmp_path: Path) -> None:
    table(tmp_path / "clusters.parquet", {"name": ["Bake bread", "Debug Kafka consumers"], "conversations": [20, 15]})
    (tmp_path / "manifest.json").write_text(json.dumps({"clio": "0.1.0", "prompts": {"facets": "62317e4722591362"}}))
    (tmp_path / "notes.md").write_text("Nothing here.\n")
    assert scan(tmp_path) == []


@pytest.mark.parametrize(
    ("column", "values", "row"),
    [
        ("name", ["Bake bread", f"Write to {MAIL}"], 1),
        ("terms", [["bread"], ["oven", MAIL]], 1),
        ("deep", [{"a": [{"b": "x"}]}, {"a": [{"b": MAIL}]}], 1),
        ("bytes", [b"x", MAIL.encode()], 1),
        ("nothing", [None, MAIL], 1),
    ],
)
def test_any_column_of_a_table_is_read(column: str, values: list[Any], row: int, tmp_path: Path) -> None:
    table(tmp_path / "t.parquet", {"n": [1, 2], column: values})
    assert [(f.file, f.column.split(".")[0], f.row, f.type) for f in scan(tmp_path)] == [
        ("t.parquet", column, row, "EMAIL")
    ]


def test_dictionaries_and_many_rows(tmp_path: Path) -> None:
    values = pa.array([*["plain"] * 3000, MAIL, *["plain"] * 10]).dictionary_encode()
    table(tmp_path / "t.parquet", {"level": values})
    assert scan(tmp_path) == [Finding("t.parquet", "level", 3000, "EMAIL")]


def test_what_a_table_says_of_itself_is_read(tmp_path: Path) -> None:
    table(tmp_path / "a.parquet", {"x": ["y"]}, {"made by": MAIL})
    table(tmp_path / "b.parquet", {MAIL: ["y"]})
    assert scan(tmp_path) == [
        Finding("a.parquet", "(header)", None, "EMAIL"),
        Finding("b.parquet", "(header)", None, "EMAIL"),
    ]


@pytest.mark.parametrize(
    ("value", "column"),
    [
        ({"a": {"b": [1, {"c": MAIL}]}}, "a.b.c"),
        ({MAIL: 1}, ""),
        ({MAIL: {"a": MAIL}}, "*.a"),
        ([MAIL], ""),
    ],
)
def test_json_is_read_value_by_value_and_key_by_key(value: Any, column: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(value))
    assert Finding("manifest.json", column, None, "EMAIL") in scan(tmp_path)


def test_json_escapes_do_not_hide(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": "jane\\u0040example.com", "password": "hunter2Xq9z"}')
    assert {(f.column, f.type) for f in scan(tmp_path)} == {("a", "EMAIL"), ("password", "KEY")}


@pytest.mark.parametrize("name", ["notes.txt", "page.html", "picture.svg", "script.js", "no-ending"])
def test_any_text_is_read_line_by_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / name).write_text(f"one\n\ntwo {MAIL}\n")
    assert scan(tmp_path) == [Finding(f"below/{name}", "", 3, "EMAIL")]


def test_markup_and_very_long_lines_do_not_hide(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<p>jane&#64;example&#46;com</p>")
    (tmp_path / "b.js").write_text("x = 1; " * 60_000 + MAIL + " y = 2;" * 60_000)
    assert {f.file for f in scan(tmp_path) if f.type == "EMAIL"} == {"a.html", "b.js"}


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\xff", b"PAR1 broken", b"\0\0\0", b'{"a": ', b"\xff\xfe\x00"])
def test_what_cannot_be_read_is_a_finding(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "thing.json").write_bytes(data)
    assert scan(tmp_path) == [Finding("thing.json", "", None, "UNREADABLE")]
    assert scan(tmp_path, vouched={"thing.json"}) == []


def test_texts_that_are_known_are_passed_over_wherever_they_stand(tmp_path: Path) -> None:
    digest = "4111111111111111"
    (tmp_path / "thing.json").write_text(json.dumps({"digest": digest, "other": digest + " x"}))
    assert {found.column for found in scan(tmp_path)} == {"digest", "other"}
    assert {found.column for found in scan(tmp_path, known={digest, f"digest: {digest}"})} == {"other"}


def test_links_pipes_and_file_names_are_findings(tmp_path: Path) -> None:
    release, outside = tmp_path / "release", tmp_path / "outside"
    release.mkdir()
    outside.mkdir()
    (release / "link").symlink_to(outside)
    os.mkfifo(release / "pipe")
    (release / f"{MAIL}.txt").write_text("nothing")
    assert scan(release) == [
        Finding("*", "", None, "EMAIL"),
        Finding("link", "", None, "UNREADABLE"),
        Finding("pipe", "", None, "UNREADABLE"),
    ]


def test_a_text_that_cannot_be_scanned_is_a_finding_and_hides_no_other(tmp_path: Path) -> None:
    small = Redactor(RedactConfig(max_characters=1000), model=False)
    table(tmp_path / "t.parquet", {"name": ["x " * 600, MAIL]})
    found = scan_artefacts(tmp_path, small)
    assert found == [Finding("t.parquet", "name", 0, "UNREADABLE"), Finding("t.parquet", "name", 1, "EMAIL")]


def test_names_are_looked_for_where_wanted(tmp_path: Path) -> None:
    table(tmp_path / "t.parquet", {"name": ["My name is Eleanor Vance"]})
    assert [f.type for f in scan(tmp_path)] == ["NAME"]
    assert scan(tmp_path, names=False) == []


def test_a_folder_that_is_not_there_is_no_clean_release(tmp_path: Path) -> None:
    with pytest.raises(PrivacyError):
        scan_artefacts(tmp_path / "absent", RULES)


@given(st.lists(st.text(alphabet="ab \n-", max_size=30).map(lambda t: t.replace("\n", "")), max_size=60))
def test_blocks_hold_every_line_once_in_order(lines: list[str]) -> None:
    blocks = list(text_blocks(enumerate(lines, 1)))
    assert "\n".join(block for _, block in blocks).split("\n") == (lines or [""])
    assert all(lines[number - 1] == block.split("\n")[0] for number, block in blocks)


@given(st.integers(0, 3 * PIECE), st.integers(1, OVERLAP))
def test_what_is_shorter_than_the_overlap_lies_whole_in_a_piece(at: int, length: int) -> None:
    text = "." * at + "x" * length + "." * (3 * PIECE - at)
    assert any("x" * length in piece for piece in pieces(text))


class Suspicious:
    """Takes whatever is crossed for an address, `Anna` for a name, and finds what the rules find."""

    def scan_many(self, texts: list[str], *, names: bool = True, second: bool | None = None) -> list[list[Span]]:
        found = RULES.scan_many(texts)
        for text, spans in zip(texts, found, strict=True):
            if second and " x " in text:
                spans.append(Span(0, len(text), "ADDRESS", "second"))
            if names and "Anna" in text:
                spans.append(Span(0, len(text), "NAME", "first"))
        return found


@given(st.lists(st.sampled_from(["Friday", "06 to 11", "4 x 4 cars", "plan"]), min_size=2, max_size=2))
def test_values_crossed_pass_where_each_of_them_does(tmp_path_factory: pytest.TempPathFactory, both: list[str]) -> None:
    folder = tmp_path_factory.mktemp("crossed")
    table(folder / "t.parquet", {"value": [*both, " x ".join(both)]})
    found = {f.row for f in scan_artefacts(folder, Suspicious())}  # type: ignore[arg-type]
    suspicious = {n for n, value in enumerate(both) if " x " in value}
    assert found == suspicious | ({2} if suspicious else set())
    table(folder / "t.parquet", {"value": [both[0], " x ".join([both[0], "alone"])]})
    assert 1 in {f.row for f in scan_artefacts(folder, Suspicious())}  # type: ignore[arg-type]


def test_what_is_crossed_with_a_name_or_holds_an_identifier_is_found(tmp_path: Path) -> None:
    table(tmp_path / "t.parquet", {"value": ["Anna", "Friday", "Anna x Friday", MAIL, f"{MAIL} x Friday"]})
    found = scan_artefacts(tmp_path, Suspicious())  # type: ignore[arg-type]
    assert {f.row for f in found} == {0, 2, 3, 4}


def test_weekday_by_hour_passes_the_detectors_that_are_here(tmp_path: Path) -> None:
    days, hours = ("Friday", "Monday"), [f"{hour:02}" for hour in range(24)]
    crossed = [f"{day} x {hour}" for day in days for hour in hours]
    table(tmp_path / "t.parquet", {"value": [*days, *hours, *crossed]})
    assert scan_artefacts(tmp_path, Redactor(RedactConfig(names="auto"))) == []
