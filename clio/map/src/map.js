// The map itself: takes data and state, gives them to those who draw, move and choose, and keeps the size of it all.

import { Camera } from "./camera.js";
import { Card, counts } from "./card.js";
import { Choice } from "./choice.js";
import { build, element, isolated } from "./dom.js";
import { listen } from "./input.js";
import * as legend from "./legend.js";
import { hit, visibleMarks } from "./marks.js";
import { Model } from "./model.js";
import { Mover } from "./mover.js";
import { Painter } from "./painter.js";
import { readPayload } from "./payload.js";
import { download } from "./picture.js";
import { PointGrid, Points, webglWorks } from "./points.js";
import { clean, count } from "./text.js";
import { readTheme } from "./theme.js";

const NARROW = 560;
const LISTED = 25;
const NO_WEBGL = "This browser has no WebGL: clusters are drawn, single points are not.";

export class ClioMap {
  /** `tell(event)` is called with {selected, lasso, polygon, point, view, webgl, sequence} when something was chosen. */
  constructor(parent, tell) {
    this.tell = tell;
    this.camera = new Camera();
    this.webgl = true;
    this.frames = 0;
    this.choice = new Choice(this);
    this.mover = new Mover(this);
    this.parts = build(this);
    this.card = new Card(this.parts.card);
    this.painter = new Painter(this);
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

  // What tests and benchmarks read, and what choosing asks for.
  get selected() { return this.choice.selected; }
  get lassoed() { return this.choice.lassoed; }
  get circles() { return this.painter.circles; }
  get placed() { return this.painter.placed; }
  get rings() { return this.painter.rings; }

  // ---- data ----------------------------------------------------------------------------------------------------

  /** Takes a payload. What is the same as before is kept: the view always, points and shade if the data are the same. */
  update(bytes) {
    const { header, array } = readPayload(bytes);
    this.parts.root.dataset.drawn = "no";
    const fresh = header.digest !== this.model?.digest;
    const before = this.model;
    if (fresh) this.model = new Model(header, array);
    this.model.dress(header, array);
    this.header = header;
    if (fresh) {
      if (before) this.choice.carryOver(before, this.model);
      this.painter.take(this.model);
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
    this.choice.selected = this.model.rows.get(header.selected) ?? null;
    if (this.choice.selected !== null) this.mover.bringIntoView(this.choice.selected, first);
  }

  redress(fresh = false) {
    if (!this.model) return;
    this.parts.root.style.removeProperty("--clio-halo");
    this.theme = readTheme(this.parts.root);
    this.parts.root.style.setProperty("--clio-halo", this.theme.background);
    this.model.paint(this.theme);
    this.painter.dress();
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
    for (const { x, y, r } of visibleMarks(this.model, at, this.painter.largest)) {
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
    this.choice.send();
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
    const { stage } = this.parts;
    const [width, height] = [stage.clientWidth, stage.clientHeight];
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    if (width < 2 || height < 2) return;
    if (!force && width === this.camera.width && height === this.camera.height && ratio === this.ratio) return;
    this.ratio = ratio;
    this.camera.resize(width, height);
    this.painter.resize(width, height, ratio);
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
      this.settling = setTimeout(() => {
        this.draw();
        this.cameToRest();
      }, this.cost < 1500 ? Math.max(160, 1.4 * this.cost) : 160);
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

  cameToRest() {
    this.onRest?.();
  }

  /** Where the map is looked at from, as text for an address; nothing where all of it is seen. */
  get viewText() {
    const { camera } = this;
    const home = Math.abs(camera.zoom - 1) < 0.005 && Math.hypot(camera.x - camera.home.x, camera.y - camera.home.y) * camera.scale < 1;
    return home ? "" : [camera.x, camera.y, camera.zoom].map((v) => String(Number(v.toPrecision(4)))).join(",");
  }

  pointsDrawn() {
    if (this.drawer?.loaded && !this.gone) this.paint();
  }

  paint() {
    if (!this.model || this.gone) return;
    this.painter.paint();
    this.frames++;
    this.parts.root.dataset.zoom = this.camera.zoom.toFixed(4);
    if (!this.pointsWaiting) this.parts.root.dataset.drawn = "yes";
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
    for (const row of rows) list.append(isolated("li", "", `${model.name(row)}: ${counts(model, row)}`));
    parts.list.replaceChildren(list);
  }

  // ---- hovering ------------------------------------------------------------------------------------------------

  rowAt(px, py) {
    const label = this.placed.find((l) => px >= l.x && px <= l.x + l.w && py >= l.y && py <= l.y + l.h);
    const circle = hit(this.circles, px, py, 3);
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
    this.card.show(this.model, row, px, py, this.camera);
  }

  hoverOff() {
    this.card.hide();
    this.parts.stage.classList.remove("clio-over");
  }

  // ---- pictures and end ----------------------------------------------------------------------------------------

  async picture(kind) {
    this.paint();
    return this.painter.picture(kind);
  }

  async save(kind) {
    const blob = await this.picture(kind);
    if (blob) download(blob, `clio-map.${kind}`);
  }

  destroy() {
    this.gone = true;
    clearTimeout(this.settling);
    this.choice.stop();
    this.mover.stop();
    if (this.frame) cancelAnimationFrame(this.frame);
    this.observer.disconnect();
    this.scheme.removeEventListener("change", this.onScheme);
    this.stopListening();
    this.drawer?.destroy();
    this.parts.root.remove();
  }
}
