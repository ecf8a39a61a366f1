"""The page of downloads: every file is offered, made of what is shown, and says why it cannot be made."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from clio.errors import MissingExtraError, PrivacyError
from clio.explore import exports
from clio.explore.colours import colours
from clio.explore.release import load
from clio.explore.slices import answer
from clio.map.payload import Scene, payload, unpack
from clio.report.write import write_report
from tests.app.conftest import Open
from tests.app.test_pages import fine


def offered(app: Any) -> dict[str, Any]:
    return {button.proto.label: button.proto for button in app.get("download_button")}


def make(app: Any, kind: str) -> Any:
    return fine(app.button(key=f"w_make_{kind}").click().run())


@pytest.mark.parametrize("form", ["html", "md", "pdf", "docx"])
def test_a_report_is_what_the_command_writes(run: Path, tmp_path: Path, form: Any) -> None:
    pytest.importorskip("typst", reason="needs the extra `report`")
    given = exports.report(load(run), form, language="de", detail="brief")
    settings = {"language": "de", "detail": "brief"}
    written = write_report(run, tmp_path / f"r.{form}", format=form, config=settings)
    assert given == written.read_bytes()


def test_a_report_is_made_and_then_handed_over(run: Path, opened: Open) -> None:
    app = fine(opened(run, page="take_away"))
    assert not any("report" in label for label in offered(app))
    fine(app.selectbox(key="w_report_format").set_value("md").run())
    make(app, "report")
    (label,) = [label for label in offered(app) if label.startswith("Download the report")]
    assert "MB" in label
    fine(app.selectbox(key="w_report_lang").set_value("de").run())
    assert not any("Download the report" in label for label in offered(app))  # it would be the English one


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (PrivacyError("the last look found 1 mail address in DIR/report.html. Nothing was written."), "mail address"),
        (MissingExtraError("A report as PDF", "report"), "pip install"),
    ],
)
def test_why_a_report_cannot_be_made(
    run: Path, opened: Open, monkeypatch: pytest.MonkeyPatch, fault: Exception, said: str
) -> None:
    def refuse(_run: Path, path: Path, **_: Any) -> Path:
        raise type(fault)(str(fault).replace("DIR", str(path.parent))) if "DIR" in str(fault) else fault

    app = fine(opened(run, page="take_away"))
    monkeypatch.setattr("clio.report.write.write_report", refuse)
    make(app, "report")
    assert said in app.error[0].value.replace("\\", "")
    assert "/clio-" not in app.error[0].value
    assert not any("Download the report" in label for label in offered(app))


def test_the_tables_in_one_archive(run: Path, opened: Open) -> None:
    app = make(fine(opened(run, page="take_away")), "archive")
    assert any(label.startswith("Download the archive") for label in offered(app))
    release = load(run)
    data = exports.tables_zip(release, "csv")
    assert data == exports.tables_zip(release, "csv")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        described = json.loads(archive.read("datapackage.json"))
    assert {resource["path"] for resource in described["resources"]} <= names
    assert "clusters.csv" in names


@pytest.mark.parametrize("key", ["area", "share:model=large", "accounts"])
def test_the_map_file_is_coloured_and_sized_as_the_map(run: Path, key: str) -> None:
    release = load(run)
    found = answer(release, [("model", ("large",))])
    page = exports.map_html(release, key, "accounts", found).decode()
    data = page.split('id="clio-map-data">', 1)[1].split("<", 1)[0]
    header, arrays = unpack(base64.b64decode(data))
    drawn = payload(Scene(release.clusters, release.squares, colours(release, key, found), "accounts"))
    asked, given = unpack(drawn)
    assert header["size"] == "accounts"
    assert header["colours"] == asked["colours"]
    assert (arrays["colour_value"] == given["colour_value"]).all()
    assert (arrays["colour_status"] == given["colour_status"]).all()
