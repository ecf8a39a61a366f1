"""First paint, zoom, longest frame and lasso of the map in a headless Chromium, with plotly's Scattergl beside it.

    python benchmarks/explorer.py --json
    python benchmarks/explorer.py --markdown                      the tables of docs/map.md and docs/explorer.md
    python benchmarks/explorer.py --points 1000 10000 --clusters 5000 --pages

Everything runs in Streamlit on loopback, as the explorer does, with software WebGL: a graphics card is quicker in
drawing and the same in the rest. First paint is from reload of a warmed page until the data are drawn. Ten wheel steps
are sent each as soon as the one before was drawn. The longest frame is the longest gap between animation frames during
them. The lasso runs from the release of the button until the app shows the count of what it caught. ``--pages`` opens
`clio explore` on a release of so many base clusters: its first page, a row of the list, a search as it is typed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
ARGUMENTS = (
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--enable-unsafe-swiftshader"),
)

APP = """
import sys
sys.path.insert(0, {root!r})
import streamlit as st
st.set_page_config(layout="wide")
from benchmarks.explorer import CATEGORIES, scene

kind, n = st.query_params["kind"], int(st.query_params["n"])
what = st.query_params["what"]

@st.cache_resource(max_entries=2)
def data(what, n):
    return scene(what, n)

clusters, density, points = data(what, n)
if kind == "map":
    from clio.map.streamlit import cluster_map
    event = cluster_map(clusters, density, points=points, key="map", height=560)
    if points is not None and event.polygon:
        count = int(points.inside(event.polygon).sum())
    else:
        count = len(event.lasso)
else:
    import numpy as np
    import plotly.graph_objects as go

    @st.cache_resource(max_entries=2)
    def figure(what, n):
        if points is None:
            x, y = clusters["x"].to_numpy(), clusters["y"].to_numpy()
            group = np.arange(len(x)) % CATEGORIES
        else:
            x, y, group = points.x, points.y, points.codes % CATEGORIES
        made = go.Figure()
        for c in range(CATEGORIES):
            rows = np.flatnonzero(group == c)
            look = dict(size=3 if points is not None else 7, opacity=0.6)
            made.add_trace(go.Scattergl(x=x[rows], y=y[rows], mode="markers", customdata=rows.astype("uint32"),
                                        marker=look, hoverinfo="none"))
        made.update_layout(height=560, dragmode="lasso", showlegend=False, margin=dict(l=0, r=0, t=0, b=0))
        return made

    event = st.plotly_chart(figure(what, n), on_select="rerun", key="plot", config=dict(scrollZoom=True))
    count = len(event["selection"]["points"])
st.text(f"caught {{count}}")
"""
CATEGORIES = 12


def scene(what: str, n: int) -> tuple[Any, Any, Any]:
    """Clusters, density and points: n points in 300 clusters, or n clusters with the density of 40 n conversations."""
    import numpy as np
    import pandas as pd

    from clio.map.points import Points

    random = np.random.default_rng(11)
    base = n if what == "clusters" else 300
    middle = max(12, base // 9)
    centres = random.normal(0, 6, (CATEGORIES, 2))
    area = random.integers(0, CATEGORIES, middle)
    centres_middle = centres[area] + random.normal(0, 1.6, (middle, 2))
    parent = random.integers(0, middle, base)
    places = centres_middle[parent] + random.normal(0, 0.5, (base, 2))
    size = np.maximum(15, random.pareto(1.3, base) * 40).astype(int)
    rows = [
        *((f"2-{i:04d}", 2, None, f"Top area number {i}", 1000, *centres[i]) for i in range(CATEGORIES)),
        *((f"1-{i:04d}", 1, f"2-{area[i]:04d}", f"Middle group number {i}", 200, *centres_middle[i])
          for i in range(middle)),
        *((f"0-{i:04d}", 0, f"1-{parent[i]:04d}", f"A cluster of requests, number {i}", size[i], *places[i])
          for i in range(base)),
    ]  # fmt: skip
    clusters = pd.DataFrame(rows, columns=["cluster_id", "level", "parent_id", "name", "conversations", "x", "y"])
    clusters["accounts"] = clusters["conversations"] // 2 + 5
    clusters["summary"] = "People ask for help with one thing and another, and with what follows from it. " * 2
    if what == "clusters":
        return clusters, _grid(places[random.integers(0, base, 40 * n)] + random.normal(0, 0.2, (40 * n, 2))), None
    chosen = random.choice(base, n, p=size / size.sum())
    spots = (places[chosen] + random.normal(0, 0.22, (n, 2))).astype(np.float32)
    names = tuple(f"0-{i:04d}" for i in range(base))
    return clusters, None, Points(spots[:, 0], spots[:, 1], chosen.astype(np.int32), names)


def _grid(places: Any) -> Any:
    import numpy as np
    import pandas as pd

    side = 0.25
    squares, counts = np.unique(np.floor(places / side).astype(int), axis=0, return_counts=True)
    kept = counts >= 15
    frame = pd.DataFrame({"x": squares[kept, 0] * side, "y": squares[kept, 1] * side, "size": side})
    return frame.assign(conversations=counts[kept], accounts=counts[kept])


READY = {
    "map": "() => { const e = find(); return e && e.dataset.drawn === 'yes' && e.clioMap.frames > 0; }",
    "plotly": "() => { const e = document.querySelector('.js-plotly-plot'); return e && window.__plotted > 0; }",
}
FIND = """
window.find = (at = document) => {
  const here = at.querySelector('.clio-map');
  if (here) return here;
  for (const e of at.querySelectorAll('*')) if (e.shadowRoot) { const f = find(e.shadowRoot); if (f) return f; }
  return null;
};
window.__plotted = 0;
const hooked = new WeakSet();
setInterval(() => {
  const plot = document.querySelector('.js-plotly-plot');
  if (!plot || hooked.has(plot) || !plot.on || !plot.querySelector('.gl-canvas')) return;
  hooked.add(plot);
  const settled = () => requestAnimationFrame(() => requestAnimationFrame(() => { window.__plotted++; }));
  plot.on('plotly_afterplot', settled);
  plot.on('plotly_relayout', settled);
  settled();
}, 20);
"""
# Each step waits until the picture shows the new range: for the map its frame, for plotly its redraw after the wheel.
ZOOM = {
    "map": """async () => {
      const map = find().clioMap, box = map.parts.stage.getBoundingClientRect();
      const began = performance.now(); let longest = 0, last = began, on = true;
      const watch = (t) => { longest = Math.max(longest, t - last); last = t; if (on) requestAnimationFrame(watch); };
      requestAnimationFrame((t) => { last = t; requestAnimationFrame(watch); });
      for (let i = 0; i < 10; i++) {
        const before = map.frames;
        map.parts.stage.dispatchEvent(new WheelEvent('wheel', {deltaY: -60, clientX: box.left + box.width / 2,
          clientY: box.top + box.height / 2, bubbles: true, cancelable: true}));
        while (map.frames === before) await new Promise((r) => requestAnimationFrame(r));
        await new Promise((r) => requestAnimationFrame(r));
      }
      const took = performance.now() - began; on = false;
      return [took, longest];
    }""",
    "plotly": """async () => {
      const plot = document.querySelector('.js-plotly-plot'), drag = plot.querySelector('.nsewdrag');
      const box = drag.getBoundingClientRect(), drawn = window.__plotted;
      const began = performance.now(); let longest = 0, last = began, on = true;
      const watch = (t) => { longest = Math.max(longest, t - last); last = t; if (on) requestAnimationFrame(watch); };
      requestAnimationFrame((t) => { last = t; requestAnimationFrame(watch); });
      for (let i = 0; i < 10; i++) {
        const before = JSON.stringify(plot._fullLayout.xaxis.range);
        drag.dispatchEvent(new WheelEvent('wheel', {deltaY: -60, clientX: box.left + box.width / 2,
          clientY: box.top + box.height / 2, bubbles: true, cancelable: true}));
        const limit = performance.now() + 5000;
        while (JSON.stringify(plot._fullLayout.xaxis.range) === before && performance.now() < limit)
          await new Promise((r) => requestAnimationFrame(r));
        await new Promise((r) => requestAnimationFrame(r));
      }
      // Plotly moves the picture with the wheel and draws the points anew when the wheel has come to rest.
      const rest = performance.now() + 20000;
      while (window.__plotted === drawn && performance.now() < rest) await new Promise((r) => requestAnimationFrame(r));
      const took = performance.now() - began; on = false;
      return [took, longest];
    }""",
}


def measure(page: Any, address: str, kind: str, what: str, n: int, repeats: int) -> dict[str, float | None]:
    url = f"{address}/?kind={kind}&what={what}&n={n}"
    page.goto(url)
    page.wait_for_function(READY[kind], timeout=180_000)
    paints = []
    for _ in range(repeats):
        began = time.perf_counter()
        page.goto(url)
        page.wait_for_function(READY[kind], timeout=180_000, polling="raf")
        paints.append(time.perf_counter() - began)
    page.wait_for_timeout(1000)
    lasso = _lasso(page, kind)
    page.wait_for_timeout(500)
    took, longest = page.evaluate(ZOOM[kind])
    return {
        "first_paint_s": round(statistics.median(paints), 2),
        "ten_zoom_steps_s": round(took / 1000, 2),
        "longest_frame_s": round(longest / 1000, 3),
        "lasso_s": None if lasso is None else round(lasso, 2),
    }


def _ratio(theirs: float | None, ours: float | None) -> float | None:
    return None if theirs is None or ours is None else round(theirs / max(1e-9, ours), 1)


def _lasso(page: Any, kind: str) -> float | None:
    """Seconds until the count is on the page; None where it is not within a minute."""
    from playwright.sync_api import TimeoutError as TooLong

    stage = page.locator(".clio-stage" if kind == "map" else ".nsewdrag").first
    box = stage.bounding_box()
    if kind == "map":
        page.keyboard.down("Shift")
    for i, (across, down) in enumerate([(0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7), (0.3, 0.34)]):
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"], steps=6)
        if i == 0:
            page.mouse.down()
    began = time.perf_counter()
    page.mouse.up()
    took: float | None = None
    try:
        page.wait_for_function("() => /caught [1-9]/.test(document.body.innerText)", timeout=60_000, polling="raf")
        took = time.perf_counter() - began
    except TooLong:
        print(f"{kind}: the lasso did not arrive in a minute", file=sys.stderr)
    if kind == "map":
        page.keyboard.up("Shift")
    return took


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def serve(command: list[str], port: int) -> tuple[subprocess.Popen[bytes], str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
            return process, address
        except OSError:
            time.sleep(0.1)
    process.terminate()
    raise SystemExit("Streamlit did not start")


def serve_map(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """The map, and plotly's, each alone on a page."""
    script = folder / "app.py"
    script.write_text(APP.format(root=str(ROOT)), encoding="utf-8")
    port = free_port()
    flags = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"]
    flags += ["--browser.gatherUsageStats=false", "--server.fileWatcherType=none"]
    return serve([sys.executable, "-m", "streamlit", "run", str(script), *flags], port)


def map_rows(browser: Any, cases: list[tuple[str, int]], repeats: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        process, address = serve_map(Path(folder))
        try:
            for what, n in cases:
                row: dict[str, Any] = {"what": what, "n": n}
                for kind in ("map", "plotly"):
                    page = browser.new_page(viewport={"width": 1200, "height": 800})
                    page.add_init_script(FIND)
                    row[kind] = measure(page, address, kind, what, n, repeats)
                    page.close()
                row["plotly_over_map"] = {k: _ratio(row["plotly"][k], v) for k, v in row["map"].items()}
                yield row
        finally:
            process.terminate()
            process.wait(timeout=20)


def page_rows(browser: Any, counts: list[int], repeats: int) -> Iterator[dict[str, Any]]:
    from benchmarks.explorer_pages import measure_pages, release_of

    for n in counts:
        with tempfile.TemporaryDirectory() as folder:
            clusters, squares, _ = scene("clusters", n)
            made = release_of(Path(folder) / "release", clusters, squares)
            port = free_port()
            line = [sys.executable, "-m", "clio", "explore", str(made), "--no-browser", "--port", str(port)]
            process, address = serve(line, port)
            page = browser.new_page(viewport={"width": 1360, "height": 860})
            try:
                row = {"n": n, "with_levels": len(clusters), **measure_pages(page, address, made, repeats)}
            finally:
                page.close()
                process.terminate()
                process.wait(timeout=20)
            yield row


def as_markdown(machine: str, rows: list[dict[str, Any]], pages: list[dict[str, Any]]) -> str:
    def cell(value: float | None) -> str:
        return "not within a minute" if value is None else f"{value:.2f}" if value < 10 else f"{value:.1f}"

    lines = [f"{machine}. Seconds; in brackets plotly's."]
    if rows:
        lines += ["", "| drawn | first paint | ten wheel steps | longest frame | lasso until the app shows it |"]
        lines += ["| --- | --- | --- | --- | --- |"]
    for row in rows:
        named = f"{row['n']:,} {row['what']}{', names and shade' * (row['what'] == 'clusters')}"
        pairs = [f"{cell(ours)} ({cell(row['plotly'][name])})" for name, ours in row["map"].items()]
        lines.append(f"| {' | '.join([named, *pairs])} |")
    if pages:
        lines += ["", "| explorer | first page | selection in the list | search | reading the release | by meaning |"]
        lines += ["| --- | --- | --- | --- | --- | --- |"]
    for row in pages:
        told = [row["first_page_s"], row["selection_s"], row["search_s"], row["read_release_s"]]
        last = row["first_search_by_meaning_s"]
        meaning = "model not here" if last is None else cell(last)
        named = f"{row['n']:,} clusters ({row['with_levels']:,} with levels)"
        lines.append(f"| {' | '.join([named, *map(cell, told), meaning])} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, nargs="*", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--clusters", type=int, nargs="*", default=[5_000])
    parser.add_argument("--pages", type=int, nargs="*", default=[5_000], help="base clusters the explorer is opened on")
    parser.add_argument("--repeats", type=int, default=3, help="reloads whose median is the first paint")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument("--markdown", action="store_true", help="tables as they stand in docs/")
    chosen = parser.parse_args()
    from playwright.sync_api import sync_playwright

    cases = [("points", n) for n in chosen.points] + [("clusters", n) for n in chosen.clusters]
    found: dict[str, list[dict[str, Any]]] = {"rows": [], "pages": []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chosen.chromium, args=list(ARGUMENTS))
        try:
            for name, measured in (
                ("rows", map_rows(browser, cases, chosen.repeats) if cases else ()),
                ("pages", page_rows(browser, chosen.pages, chosen.repeats)),
            ):
                for row in measured:
                    found[name].append(row)
                    if not chosen.json:
                        print(row, file=sys.stderr if chosen.markdown else sys.stdout, flush=True)
        finally:
            version = browser.version
            browser.close()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Chromium {version}, software WebGL"
    load = os.getloadavg()[0]
    if chosen.json:
        print(json.dumps({"machine": machine, "load": load, **found}))
    elif chosen.markdown:
        print(as_markdown(f"{machine}, load average {load:.1f} at the end", found["rows"], found["pages"]))


if __name__ == "__main__":
    main()
