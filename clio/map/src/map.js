// The map itself: takes data and state, draws, answers to the mouse, and says what was chosen.

import { Camera } from "./camera.js";
import { drawShade, rasterise, shade } from "./density.js";
import { build, element, isolated, LabelLayer } from "./dom.js";
import { listen } from "./input.js";
import { Labeller } from "./labels.js";
import * as legend from "./legend.js";
import { drawMarks, hit, largestRadius, rings, Sprites, visibleMarks } from "./marks.js";
import { Model, SUPPRESSED, UNKNOWN } from "./model.js";
import { readPayload } from "./payload.js";
import { download, picture } from "./picture.js";
import { PointGrid, Points, webglWorks } from "./points.js";
import { clean, count, formatted } from "./text.js";
import { mixed, readTheme } from "./theme.js";

const NARROW = 560;
const LISTED = 25;
const NO_WEBGL = "This browser has no WebGL: clusters are drawn, single points are not.";

export class ClioMap {
  /** `tell(event)` is called with {selected, lasso, polygon, point, view, webgl, sequence} when something was chosen. */
  constructor(parent, tell) {
    this.tell = tell;
    this.camera = new Camera();
    this.sprites = new Sprites();
    this.labeller = new Labeller();
    this.selected = null;
    this.lassoed = new Set();
    this.polygon = null;
    this.sequence = 0;
    this.webgl = true;
    this.frames = 0;
    this.parts = build(this);
    this.labels = new LabelLayer(this.parts.labels);
    parent.append(this.parts.root);
    // A handle for tests and benchmarks; nothing in the package reads it.
    this.parts.root.clioMap = this;
    this.stopListening = listen(this.parts.stage, this);
    this.observer = new ResizeObserver(() => this.resized());
    this.observer.observe(this.parts.root);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.onScheme = () => this.redress();
    this.scheme.addEventListener("change", this.onScheme);
  }

  // ---- data ----------------------------------------------------------------------------------------------------

  /** Takes a payload. What is the same as before is kept: the view always, points and shade if the data are the same. */
  update(bytes) {
    const { header, array } = readPayload(bytes);
    this.parts.root.dataset.drawn = "no";
    const fresh = header.digest !== this.model?.digest;
    const selectedId = this.selected === null ? null : this.model.ids[this.selected];
    const lassoIds = [...this.lassoed].map((row) => this.model.ids[row]);
    if (fresh) this.model = new Model(header, array);
    this.model.dress(header, array);
    this.header = header;
    if (fresh) {
      this.selected = this.model.rows.get(selectedId) ?? null;
      this.lassoed = new Set(lassoIds.map((id) => this.model.rows.get(id)).filter((row) => row !== undefined));
      this.raster = rasterise(this.model.density);
      this.labeller.forget();
      this.labels.clear();
      this.gridOfPoints = null;
    }
    this.layout();
    this.camera.resize(this.parts.stage.clientWidth, this.parts.stage.clientHeight);
    if (!this.camera.extent) {
      this.camera.frame(this.model.extent);
      this.camera.reset();
    }
    this.obey(header);
    this.redress(fresh);
  }

  /** What the page asks for: its selection and view, each only when it changed on the page's side. */
  obey(header) {
    if (header.view && JSON.stringify(header.view) !== this.viewTold) this.camera.set(header.view);
    this.viewTold = JSON.stringify(header.view ?? null);
    const wish = `${header.wish ?? 0}|${header.selected ?? ""}`;
    if (wish === this.wishTold) return;
    const first = this.wishTold === undefined;
    this.wishTold = wish;
    this.selected = this.model.rows.get(header.selected) ?? null;
    if (this.selected !== null) this.bringIntoView(this.selected, first);
  }

  redress(fresh = false) {
    if (!this.model) return;
    this.parts.root.style.removeProperty("--clio-halo");
    this.theme = readTheme(this.parts.root);
    this.parts.root.style.setProperty("--clio-halo", this.theme.background);
    this.model.paint(this.theme);
    this.sprites.clear();
    this.shaded = this.raster && shade(this.raster, this.model, this.theme);
    this.legend = legend.describe(this.model, this.theme);
    legend.draw(this.parts.legend, this.legend);
    this.describe();
    this.loadPoints(fresh);
    this.layout();
    this.resized(true);
    if (fresh) this.placeLegend();
  }

  /** The legend goes where it hides no mark of the map as a whole: lower left, lower right, or else below the map. */
  placeLegend() {
    const { root, legend: part, stage } = this.parts;
    this.legendUnder = false;
    root.classList.remove("clio-legend-under");
    this.layout();
    const at = new Camera();
    at.resize(stage.clientWidth, stage.clientHeight);
    at.frame(this.model.extent);
    at.reset();
    const [w, h] = [part.offsetWidth + 20, part.offsetHeight + 20];
    const hidden = [0, 0];
    for (const { x, y, r } of visibleMarks(this.model, at, this.largest ?? 8)) {
      if (y + r < at.height - h) continue;
      if (x - r < w) hidden[0] += r * r;
      if (x + r > at.width - w) hidden[1] += r * r;
    }
    this.legendRight = hidden[1] < hidden[0];
    root.classList.toggle("clio-legend-right", this.legendRight);
    this.legendUnder = Math.min(...hidden) > 0;
    root.classList.toggle("clio-legend-under", this.legendUnder);
    this.resized();
  }

  loadPoints(fresh) {
    const { points } = this.model;
    const look = JSON.stringify([this.model.digest, this.model.palette, [...this.model.bucket], this.theme.neutral]);
    if (!points) {
      this.drawer?.destroy();
      this.drawer = null;
      this.parts.points.replaceChildren();
      if (fresh && !webglWorks()) this.withoutWebgl(false);
      return;
    }
    if (!this.drawer && this.webgl) {
      if (!webglWorks()) return this.withoutWebgl(true);
      this.drawer = new Points(this.parts.points, {
        onDrawn: () => this.pointsDrawn(),
        onLost: () => this.say("The graphics card let go of the map; single points come back when it is ready."),
        onBack: () => {
          this.say("");
          this.pointsLook = null;
          this.loadPoints(false);
          this.resized(true);
        },
      });
    }
    if (!this.drawer) return;
    this.gridOfPoints ??= new PointGrid(points);
    this.parts.points.style.opacity = this.model.highlight ? "0.25" : "1";
    if (look === this.pointsLook) return;
    this.pointsLook = look;
    this.pointsWaiting = true;
    this.drawer.load(points, this.model, this.theme).then(() => {
      this.pointsWaiting = false;
      this.draw();
    });
  }

  withoutWebgl(shown) {
    this.webgl = false;
    if (shown) this.say(NO_WEBGL);
    this.send();
  }

  // ---- size ----------------------------------------------------------------------------------------------------

  layout() {
    const { root, stage } = this.parts;
    const narrow = root.clientWidth > 0 && root.clientWidth < NARROW;
    root.classList.toggle("clio-narrow", narrow);
    const height = this.header?.height;
    // On a narrow page the legend follows the map instead of lying on it.
    stage.style.height = narrow ? `${Math.min(height ?? 900, Math.round(root.clientWidth * 1.2))}px` : "";
    stage.style.bottom = this.legendUnder && !narrow ? `${this.parts.legend.offsetHeight + 4}px` : "";
    root.style.height = height && !narrow ? `${height}px` : narrow ? "" : "100%";
  }

  resized(force = false) {
    if (!this.model) return;
    this.layout();
    const { stage, back, front, top } = this.parts;
    const [width, height] = [stage.clientWidth, stage.clientHeight];
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    if (width < 2 || height < 2) return;
    if (!force && width === this.camera.width && height === this.camera.height && ratio === this.ratio) return;
    this.ratio = ratio;
    for (const canvas of [back, front, top]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.camera.resize(width, height);
    this.largest = largestRadius(this.model, width, height);
    this.draw();
  }

  // ---- drawing -------------------------------------------------------------------------------------------------

  /** Asks for a frame. With points, the rest is drawn in the frame in which they are. */
  draw(moving = false) {
    this.moving = moving;
    if (moving) {
      clearTimeout(this.settling);
      // At rest: later than the next step of a wheel whose last step took long to draw.
      const now = performance.now();
      this.cost = Math.min(1500, now - (this.movedAt ?? -Infinity));
      this.movedAt = now;
      this.settling = setTimeout(() => this.draw(), this.cost < 1500 ? Math.max(160, 1.4 * this.cost) : 160);
    }
    if (this.drawer && this.drawer.loaded && !this.drawer.lost && !this.pointsWaiting) {
      this.drawer.resize(this.camera.width, this.camera.height);
      this.drawer.look(this.camera, this.gridOfPoints.inView(this.camera), moving);
      return;
    }
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  pointsDrawn() {
    if (this.drawer?.loaded && !this.gone) this.paint();
  }

  paint() {
    if (!this.model || this.gone) return;
    const { model, camera, theme, ratio } = this;
    const [back, front] = [this.parts.back, this.parts.front].map((canvas) => {
      const context = canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, camera.width, camera.height);
      return context;
    });
    if (this.shaded) {
      back.globalAlpha = model.points && this.webgl ? 0.35 : 1;
      drawShade(back, this.shaded, this.raster, camera);
      back.globalAlpha = 1;
    }
    this.circles = visibleMarks(model, camera, this.largest);
    const bright = this.circles.filter(({ row }) => !model.dimmed(row));
    const ordered = model.highlight ? [...this.circles.filter(({ row }) => model.dimmed(row)), ...bright] : this.circles;
    drawMarks(front, model, ordered, this.sprites, theme, ratio);
    this.placed = this.labeller.place({
      model, camera, circles: bright, font: theme.font, moving: this.moving,
      first: this.firstLabels(), obstacles: this.obstacles(),
    });
    this.labels.show(this.placed, (label) => this.labelColour(label), this.chosen());
    this.paintTop();
    this.frames++;
    this.parts.root.dataset.zoom = camera.zoom.toFixed(4);
    if (!this.pointsWaiting) this.parts.root.dataset.drawn = "yes";
  }

  /** Rings and the lasso, on a layer of their own: they change without anything else moving. */
  paintTop() {
    const { camera, theme, ratio } = this;
    const context = this.parts.top.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, camera.width, camera.height);
    this.rings = rings(this.circles ?? [], this.ringed(), this.lassoed);
    for (const { x, y, r, width } of this.rings) {
      for (const [colour, wide] of [[theme.background, width + 2], [theme.ink, width]]) {
        context.beginPath();
        context.arc(x, y, r, 0, 2 * Math.PI);
        context.lineWidth = wide;
        context.strokeStyle = colour;
        context.stroke();
      }
    }
    const line = this.drawing ?? this.polygon?.map(([x, y]) => camera.toScreen(x, y));
    if (!line || line.length < 2) return;
    context.beginPath();
    line.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
    context.globalAlpha = 0.1;
    context.fillStyle = theme.ink;
    context.fill();
    context.globalAlpha = 0.75;
    context.lineWidth = 1.4;
    context.setLineDash([5, 4]);
    context.strokeStyle = theme.ink;
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  ringed() {
    return this.selected === null ? new Set() : new Set(this.model.leaves(this.selected));
  }

  chosen() {
    return new Set(this.selected === null ? [] : [this.selected]);
  }

  firstLabels() {
    const first = this.selected === null ? [] : [this.selected];
    if (this.nearest !== undefined && this.parts.root.classList.contains("clio-focused")) first.push(this.nearest);
    const { highlight } = this.model;
    if (highlight) first.push(...this.model.marks.filter((row) => highlight[row]).slice(0, 40));
    return first.filter((row) => row !== null && row >= 0);
  }

  /** Where the tools and the legend lie, no name is written. */
  obstacles() {
    const stage = this.parts.stage.getBoundingClientRect();
    return [this.parts.tools, this.parts.legend].map((part) => part.getBoundingClientRect())
      .filter((box) => box.width && box.bottom > stage.top && box.top < stage.bottom)
      .map((box) => ({ x: box.left - stage.left - 4, y: box.top - stage.top - 4, w: box.width + 8, h: box.height + 8 }));
  }

  labelColour({ row, kind }) {
    const { theme, model } = this;
    if (kind === "mark") return theme.ink;
    if (model.colours.kind === "category" && model.bucket[row] >= 0) return mixed(model.colour(row, theme), theme.ink, theme.dark ? 0.3 : 0.45);
    return mixed(theme.ink, theme.background, 0.12);
  }

  say(text) {
    this.parts.message.textContent = text;
    this.parts.message.style.display = text ? "block" : "none";
  }

  /** The name of the map and its largest clusters, for those who do not see it. */
  describe() {
    const { model, parts } = this;
    const title = clean(this.header.title, 120);
    parts.stage.setAttribute("aria-label", `${title}: ${count(model.marks.length)} clusters${model.points ? `, ${count(model.points.count)} points` : ""}`);
    const list = element("ul", "");
    list.setAttribute("aria-label", "Largest clusters");
    const rows = (model.tiers[0]?.length >= 3 ? model.tiers[0] : model.marks).slice(0, LISTED);
    for (const row of rows) list.append(isolated("li", "", `${model.name(row)}: ${this.counts(row)}`));
    parts.list.replaceChildren(list);
  }

  counts(row) {
    return `${count(this.model.conversations[row])} conversations, ${count(this.model.accounts[row])} accounts`;
  }

  // ---- hovering ------------------------------------------------------------------------------------------------

  rowAt(px, py) {
    const label = (this.placed ?? []).find((l) => px >= l.x && px <= l.x + l.w && py >= l.y && py <= l.y + l.h);
    const circle = hit(this.circles ?? [], px, py, 3);
    // A name that lies over a circle of another cluster gives way to the circle.
    if (circle && Math.hypot(circle.x - px, circle.y - py) <= circle.r) return circle.row;
    return label ? label.row : circle ? circle.row : null;
  }

  pointAt(px, py) {
    if (!this.gridOfPoints || !this.drawer?.loaded) return -1;
    return this.gridOfPoints.nearest(this.camera, px, py, 6);
  }

  hoverAt(px, py) {
    if (!this.model) return;
    let row = this.rowAt(px, py);
    if (row === null) {
      const point = this.pointAt(px, py);
      if (point >= 0) row = this.model.points.cluster[point] < this.model.count ? this.model.points.cluster[point] : null;
    }
    this.parts.stage.classList.toggle("clio-over", row !== null);
    if (row === null) return this.hoverOff();
    this.showCard(row, px, py);
  }

  hoverOff() {
    this.carded = null;
    this.parts.card.style.display = "none";
    this.parts.stage.classList.remove("clio-over");
  }

  showCard(row, px, py) {
    const { card } = this.parts;
    if (this.carded !== row) {
      this.carded = row;
      this.fillCard(row);
      card.style.display = "block";
    }
    const [w, h] = [card.offsetWidth, card.offsetHeight];
    const left = px + 16 + w > this.camera.width ? Math.max(4, px - w - 14) : px + 16;
    const top = py + 14 + h > this.camera.height ? Math.max(4, py - h - 10) : py + 14;
    card.style.transform = `translate(${Math.round(left)}px,${Math.round(top)}px)`;
  }

  fillCard(row) {
    const { model } = this;
    const facts = element("div", "clio-card-facts");
    const fact = (name, value) => {
      const line = element("div");
      line.append(isolated("span", "", name), isolated("span", "", value));
      facts.append(line);
    };
    const share = model.shares?.[row];
    fact("Conversations", count(model.conversations[row]) + (share === null || share === undefined ? "" : ` (${formatted(share, "percent")})`));
    fact("Accounts", count(model.accounts[row]));
    const { colours } = model;
    if (colours.title) fact(clean(colours.title, 60), this.valueText(row));
    const summary = clean(model.summaries?.[row], 260);
    this.parts.card.replaceChildren(isolated("div", "clio-card-name", model.name(row)));
    if (summary) this.parts.card.append(isolated("div", "clio-card-summary", summary));
    this.parts.card.append(facts);
  }

  valueText(row) {
    const { status, colours, values } = this.model;
    if (status[row] === SUPPRESSED) return "not shown: too few people";
    if (status[row] === UNKNOWN) return "not known";
    return colours.kind === "category" ? clean(colours.labels[values[row]], 60) : formatted(values[row], colours.style);
  }

  // ---- moving --------------------------------------------------------------------------------------------------

  pan(dx, dy) {
    if (!this.model) return;
    this.cancelFlight();
    this.camera.pan(dx, dy);
    this.draw(true);
  }

  zoomBy(factor, px, py) {
    if (!this.model) return;
    this.cancelFlight();
    this.hoverOff();
    this.camera.zoomAt(factor, px, py);
    this.draw(true);
  }

  zoomSmoothly(factor, px, py) {
    const target = new Camera();
    Object.assign(target, this.camera);
    target.zoomAt(factor, px, py);
    this.flyTo(target.view);
  }

  home() {
    this.flyTo({ ...this.camera.home, scale: 1 });
  }

  bringIntoView(row, at_once) {
    const leaves = this.model.leaves(row).filter((leaf) => Number.isFinite(this.model.x[leaf]));
    const spots = (leaves.length ? leaves : [row]).map((r) => [this.model.x[r], this.model.y[r]]).filter(([x]) => Number.isFinite(x));
    if (!spots.length) return;
    const seen = spots.some(([x, y]) => {
      const [px, py] = this.camera.toScreen(x, y);
      return px > 30 && py > 30 && px < this.camera.width - 30 && py < this.camera.height - 30;
    });
    if (seen) return;
    const middle = (i) => (Math.min(...spots.map((s) => s[i])) + Math.max(...spots.map((s) => s[i]))) / 2;
    const view = { x: middle(0), y: middle(1), scale: this.camera.zoom };
    if (at_once) this.camera.set(view);
    else this.flyTo(view);
  }

  flyTo(view) {
    this.cancelFlight();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.camera.set(view);
      return this.draw();
    }
    const from = this.camera.view;
    const began = performance.now();
    const step = () => {
      const t = Math.min(1, (performance.now() - began) / 260);
      const e = 1 - (1 - t) ** 3;
      this.camera.set({
        x: from.x + (view.x - from.x) * e, y: from.y + (view.y - from.y) * e, scale: from.scale * (view.scale / from.scale) ** e,
      });
      this.draw(t < 1);
      this.flight = t < 1 && !this.gone ? requestAnimationFrame(step) : null;
    };
    this.flight = requestAnimationFrame(step);
  }

  cancelFlight() {
    if (this.flight) cancelAnimationFrame(this.flight);
    this.flight = null;
  }

  // ---- choosing ------------------------------------------------------------------------------------------------

  clickAt(px, py) {
    if (!this.model) return;
    const row = this.rowAt(px, py);
    if (row !== null) return this.select(row);
    const point = this.pointAt(px, py);
    if (point >= 0) {
      const cluster = this.model.points.cluster[point];
      return this.select(cluster < this.model.count ? cluster : null, point);
    }
    if (this.selected !== null || this.lassoed.size || this.polygon) this.clear();
  }

  select(row, point = null) {
    this.selected = row;
    this.lassoed = new Set();
    this.polygon = null;
    this.draw();
    if (row !== null) this.parts.live.textContent = `Selected ${this.model.name(row)}: ${this.counts(row)}`;
    this.send(point);
  }

  clear() {
    const had = this.selected !== null || this.lassoed.size > 0 || this.polygon !== null;
    this.selected = null;
    this.lassoed = new Set();
    this.polygon = null;
    this.lassoMode = false;
    this.parts.lasso.setAttribute("aria-pressed", "false");
    this.parts.root.classList.remove("clio-lassoing");
    this.draw();
    if (had) {
      this.parts.live.textContent = "Selection cleared";
      this.send();
    }
  }

  toggleLasso() {
    this.lassoMode = !this.lassoMode;
    this.parts.lasso.setAttribute("aria-pressed", String(this.lassoMode));
    this.parts.root.classList.toggle("clio-lassoing", this.lassoMode);
  }

  lassoDrawn(line) {
    this.drawing = line;
    this.paintTop();
  }

  lassoDone(line) {
    this.drawing = null;
    if (line.length < 3) return;
    const every = Math.ceil(line.length / 120);
    this.polygon = line.filter((_, i) => i % every === 0).map(([x, y]) => this.camera.toData(x, y));
    this.lassoed = new Set(this.model.marks.filter((row) => inside(this.polygon, this.model.x[row], this.model.y[row])));
    this.selected = null;
    this.lassoMode = false;
    this.parts.lasso.setAttribute("aria-pressed", "false");
    this.parts.root.classList.remove("clio-lassoing");
    this.parts.live.textContent = `${count(this.lassoed.size)} clusters selected`;
    this.draw();
    this.send();
  }

  send(point = null) {
    // The time, so that a map made anew never counts from below what an earlier one has sent.
    this.sequence = Math.max(this.sequence + 1, Date.now());
    this.tell({
      selected: this.selected === null ? null : this.model.ids[this.selected],
      lasso: [...this.lassoed].map((row) => this.model.ids[row]),
      polygon: (this.polygon ?? []).map((p) => p.map((v) => Number(v.toPrecision(7)))),
      point, view: this.camera.view, webgl: this.webgl, sequence: this.sequence,
    });
  }

  nearestToCentre() {
    let best = null;
    let least = Infinity;
    for (const { row, x, y } of this.circles ?? []) {
      if (this.model.dimmed(row)) continue;
      const away = Math.hypot(x - this.camera.width / 2, y - this.camera.height / 2);
      if (away < least) {
        least = away;
        best = row;
      }
    }
    return best;
  }

  selectNearest() {
    this.paint();
    const row = this.nearestToCentre();
    if (row !== null) this.select(row);
  }

  focused(on) {
    this.parts.root.classList.toggle("clio-focused", on);
    if (on) this.announceNearest();
  }

  announceNearest() {
    clearTimeout(this.announcing);
    this.announcing = setTimeout(() => {
      if (this.gone || !this.model) return;
      this.nearest = this.nearestToCentre();
      if (this.nearest !== null) this.parts.live.textContent = `Nearest: ${this.model.name(this.nearest)}`;
      this.draw();
    }, 250);
  }

  // ---- pictures and end ----------------------------------------------------------------------------------------

  async picture(kind) {
    this.paint();
    let shadeNow = null;
    if (this.shaded) {
      shadeNow = element("canvas");
      shadeNow.width = this.camera.width;
      shadeNow.height = this.camera.height;
      drawShade(shadeNow.getContext("2d"), this.shaded, this.raster, this.camera);
    }
    return picture(kind, {
      model: this.model, theme: this.theme, camera: this.camera, circles: this.circles, rings: this.rings, labels: this.placed,
      labelColour: (label) => this.labelColour(label), shade: shadeNow, legend: this.legend, title: "",
      legendRight: this.legendRight, points: this.drawer?.loaded && !this.drawer.lost ? this.drawer.canvas : null,
    });
  }

  async save(kind) {
    const blob = await this.picture(kind);
    if (blob) download(blob, `clio-map.${kind}`);
  }

  destroy() {
    this.gone = true;
    clearTimeout(this.settling);
    clearTimeout(this.announcing);
    this.cancelFlight();
    if (this.frame) cancelAnimationFrame(this.frame);
    this.observer.disconnect();
    this.scheme.removeEventListener("change", this.onScheme);
    this.stopListening();
    this.drawer?.destroy();
    this.parts.root.remove();
  }
}

export function inside(polygon, x, y) {
  let within = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i];
    const [xj, yj] = polygon[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}
