// What is chosen on the map: one cluster or what a lasso holds, and which cluster is nearest for those who use keys.

import { counts } from "./card.js";
import { count } from "./text.js";

export class Choice {
  constructor(map) {
    this.map = map;
    this.selected = null;
    this.lassoed = new Set();
    this.polygon = null;
    this.sequence = 0;
  }

  /** The same clusters among new data; those that it lacks are dropped. */
  carryOver(before, model) {
    const row = (old) => model.rows.get(before.ids[old]);
    this.selected = this.selected === null ? null : row(this.selected) ?? null;
    this.lassoed = new Set([...this.lassoed].map(row).filter((found) => found !== undefined));
  }

  /** The selected cluster, as rows of the model. */
  get rows() {
    return new Set(this.selected === null ? [] : [this.selected]);
  }

  stop() {
    clearTimeout(this.announcing);
  }

  clickAt(px, py) {
    if (!this.map.model) return;
    const row = this.map.rowAt(px, py);
    if (row !== null) return this.select(row);
    const point = this.map.pointAt(px, py);
    if (point >= 0) {
      const cluster = this.map.model.points.cluster[point];
      return this.select(cluster < this.map.model.count ? cluster : null, point);
    }
    if (this.selected !== null || this.lassoed.size || this.polygon) this.clear();
  }

  select(row, point = null) {
    this.selected = row;
    this.lassoed = new Set();
    this.polygon = null;
    this.map.draw();
    if (row !== null) this.map.parts.live.textContent = `Selected ${this.map.model.name(row)}: ${counts(this.map.model, row)}`;
    this.send(point);
  }

  clear() {
    const had = this.selected !== null || this.lassoed.size > 0 || this.polygon !== null;
    this.selected = null;
    this.lassoed = new Set();
    this.polygon = null;
    this.lassoMode = false;
    this.map.parts.lasso.setAttribute("aria-pressed", "false");
    this.map.parts.root.classList.remove("clio-lassoing");
    this.map.draw();
    if (had) {
      this.map.parts.live.textContent = "Selection cleared";
      this.send();
    }
  }

  toggleLasso() {
    this.lassoMode = !this.lassoMode;
    this.map.parts.lasso.setAttribute("aria-pressed", String(this.lassoMode));
    this.map.parts.root.classList.toggle("clio-lassoing", this.lassoMode);
  }

  lassoDrawn(line) {
    this.drawing = line;
    this.map.painter.paintTop();
  }

  lassoDone(line) {
    this.drawing = null;
    if (line.length < 3) return;
    const every = Math.ceil(line.length / 120);
    this.polygon = line.filter((_, i) => i % every === 0).map(([x, y]) => this.map.camera.toData(x, y));
    this.lassoed = new Set(this.map.model.marks.filter((row) => inside(this.polygon, this.map.model.x[row], this.map.model.y[row])));
    this.selected = null;
    this.lassoMode = false;
    this.map.parts.lasso.setAttribute("aria-pressed", "false");
    this.map.parts.root.classList.remove("clio-lassoing");
    this.map.parts.live.textContent = `${count(this.lassoed.size)} clusters selected`;
    this.map.draw();
    this.send();
  }

  send(point = null) {
    // The time, so that a map made anew never counts from below what an earlier one has sent.
    this.sequence = Math.max(this.sequence + 1, Date.now());
    this.map.tell({
      selected: this.selected === null ? null : this.map.model.ids[this.selected],
      lasso: [...this.lassoed].map((row) => this.map.model.ids[row]),
      polygon: (this.polygon ?? []).map((p) => p.map((v) => Number(v.toPrecision(7)))),
      point, view: this.map.camera.view, webgl: this.map.webgl, sequence: this.sequence,
    });
  }

  nearestToCentre() {
    let best = null;
    let least = Infinity;
    for (const { row, x, y } of this.map.circles) {
      if (this.map.model.dimmed(row)) continue;
      const away = Math.hypot(x - this.map.camera.width / 2, y - this.map.camera.height / 2);
      if (away < least) {
        least = away;
        best = row;
      }
    }
    return best;
  }

  selectNearest() {
    this.map.paint();
    const row = this.nearestToCentre();
    if (row !== null) this.select(row);
  }

  focused(on) {
    this.map.parts.root.classList.toggle("clio-focused", on);
    if (on) this.announceNearest();
  }

  announceNearest() {
    clearTimeout(this.announcing);
    this.announcing = setTimeout(() => {
      if (this.map.gone || !this.map.model) return;
      this.nearest = this.nearestToCentre();
      if (this.nearest !== null) this.map.parts.live.textContent = `Nearest: ${this.map.model.name(this.nearest)}`;
      this.map.draw();
    }, 250);
  }
}

function inside(polygon, x, y) {
  let within = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i];
    const [xj, yj] = polygon[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}
