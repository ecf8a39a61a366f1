from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from clio.map.bundle import HERE, recorded_hash, script, source_hash


def test_the_committed_bundle_is_built_from_the_source():
    assert recorded_hash() == source_hash(), "clio/map/src changed: build the bundle again with `make map`"


def test_the_bundle_can_stand_in_a_page():
    text = script().lower()
    assert "</script" not in text
    assert "<!--" not in text
    # Streamlit takes a text without an inner line break for the path of a file.
    assert "\n" in text.strip()


def test_the_bundle_names_no_host_to_ask():
    hosts = set(re.findall(r"(?:https?|wss?)://([a-z0-9.-]+)", script()))
    # A namespace of SVG, and places that messages of regl point people to.
    assert hosts <= {"www.w3.org", "get.webgl.org", "www.npmjs.com"}


def test_what_is_inside_is_named_with_its_licence():
    text = (HERE / "dist" / "THIRD-PARTY.txt").read_text(encoding="utf-8")
    for name in ("regl-scatterplot 1.16.0 (MIT)", "regl 2.1.1 (MIT)", "earcut", "gl-matrix", "kdbush 4.0.2 (ISC)"):
        assert name in text


def test_the_lock_file_names_no_address():
    assert '"resolved"' not in (HERE / "package-lock.json").read_text(encoding="utf-8")


def test_building_again_gives_the_same_bytes(tmp_path):
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules" / "esbuild").is_dir():
        pytest.skip("needs node and the packages of clio/map (npm ci)")
    subprocess.run([node, "build.mjs", str(tmp_path)], cwd=HERE, check=True, capture_output=True, timeout=60)
    for name in ("clio-map.js", "THIRD-PARTY.txt"):
        assert (tmp_path / name).read_bytes() == (HERE / "dist" / name).read_bytes()
