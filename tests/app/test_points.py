"""Single conversations on the map: off without a purpose, entered before drawn, kept by nothing but the session."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clio.errors import ClioError, PrivacyError
from clio.explore.points import open_points
from clio.explore.release import load
from clio.map.payload import unpack
from clio.runs import restricted
from clio.runs.access_log import FILE, read_log
from clio.runs.purge import purge
from tests.app.conftest import Open
from tests.app.test_pages import address, fine, words
from tests.app.test_restricted import WHY, copy  # noqa: F401 - a fixture


def sent(app: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the map's script was given."""
    (component,) = app.get("bidi_component")
    return unpack(component.proto.bytes)


def switched(app: Any, on: bool = True) -> Any:
    return fine(app.toggle(key="w_points").set_value(on).run())


def test_there_is_no_such_toggle_without_a_purpose(run: Path, opened: Open) -> None:
    for more in ((), ("--restricted",), ("--purpose", "no restriction asked for")):
        app = fine(opened(run, *more))
        assert [toggle.key for toggle in app.toggle if toggle.key == "w_points"] == []
        assert "point_x" not in sent(app)[1]


def test_points_are_off_until_asked_for_and_entered_once(copy: Path, opened: Open) -> None:  # noqa: F811
    app = fine(opened(copy, *WHY))
    assert "point_x" not in sent(app)[1]
    assert read_log(copy) == []
    switched(app)
    (entered,) = read_log(copy)
    placed = len(pd.read_parquet(copy / "workspace" / "positions.parquet"))
    assert (entered.purpose, entered.what, entered.rows) == (WHY[2], "positions of all conversations", placed)
    assert len(sent(app)[1]["point_x"]) == placed
    assert "line 1 of the access log" in words(app).replace("\\", "")
    assert address(app) == {}
    fine(app.run())
    app.switch_page("app_pages/privacy.py")
    fine(app.run())
    app.switch_page("app_pages/explore.py")
    fine(app.run())
    assert len(read_log(copy)) == 1
    assert len(sent(app)[1]["point_x"]) == placed
    switched(app, on=False)
    assert "point_x" not in sent(app)[1]
    switched(app)
    assert len(read_log(copy)) == 2


def test_another_session_sees_nothing_of_it(copy: Path, opened: Open) -> None:  # noqa: F811
    switched(opened(copy, *WHY))
    for more in (WHY, ()):
        assert "point_x" not in sent(fine(opened(copy, *more)))[1]
    assert len(read_log(copy)) == 1


def test_another_purpose_and_another_publication_put_them_away(copy: Path) -> None:  # noqa: F811
    release = load(copy)
    placed = open_points(release, purpose="one")
    assert placed.may_show(release, "one")
    assert not placed.may_show(release, "two")
    (copy / "release" / "clusters.parquet").touch()
    assert not placed.may_show(load(copy), "one")


def test_what_travels_is_places_and_clusters(copy: Path, opened: Open) -> None:  # noqa: F811
    frame, entry = restricted.positions(copy, purpose="a test")
    assert entry == read_log(copy)[-1]
    assert list(frame.columns) == ["x", "y", "cluster_id"]
    assert frame["x"].is_monotonic_increasing  # an order of its own, not that of the private tables
    workspace = copy / "workspace"
    where = pd.read_parquet(workspace / "positions.parquet").merge(pd.read_parquet(workspace / "assignments.parquet"))
    hierarchy = pd.read_parquet(workspace / "hierarchy.parquet")
    base = hierarchy[hierarchy["level"] == 0].set_index("cluster")["cluster_id"]
    where["cluster_id"] = where["cluster"].map(base)
    there = where.sort_values(["x", "y", "cluster_id"], ignore_index=True)[["x", "y", "cluster_id"]]
    pd.testing.assert_frame_equal(frame, there, check_dtype=False)
    header, arrays = sent(switched(opened(copy, *WHY)))
    names = pd.read_parquet(workspace / "conversations.parquet")
    text = json.dumps(header)
    assert not [name for column in ("conversation_id", "account_id") for name in names[column] if name in text]
    assert {name for name in arrays if name.startswith("point")} == {"point_x", "point_y", "point_cluster"}
    released = set(header["clusters"]["id"])
    assert set(np.unique(arrays["point_cluster"])) <= {*range(len(released)), 0xFFFF}


def test_a_log_that_was_tampered_with_draws_nothing(copy: Path, opened: Open) -> None:  # noqa: F811
    open_points(load(copy), purpose="one")
    log = copy / "workspace" / FILE
    log.write_text(log.read_text(encoding="utf-8").replace('"one"', '"two"'), encoding="utf-8")
    with pytest.raises(PrivacyError):
        open_points(load(copy), purpose="three")
    app = switched(opened(copy, *WHY))
    assert app.error
    assert "point_x" not in sent(app)[1]
    assert app.toggle(key="w_points").value is False


def test_a_run_without_its_private_side_draws_nothing(copy: Path, opened: Open) -> None:  # noqa: F811
    app = switched(opened(copy, *WHY))
    purge(copy)
    fine(app.run())
    assert "point_x" not in sent(app)[1]
    assert app.toggle(key="w_points").disabled
    assert "destroyed" in words(app)
    with pytest.raises(ClioError, match="destroyed"):
        open_points(load(copy), purpose="x")


def test_a_run_past_its_retention_draws_nothing(copy: Path, opened: Open) -> None:  # noqa: F811
    app = switched(opened(copy, *WHY))
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    manifest["workspace"] = {"since": (datetime.now(UTC) - timedelta(days=9)).isoformat(), "keep_days": 1}
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    fine(app.run())
    assert "point_x" not in sent(app)[1]
    assert "past its retention" in words(app)
