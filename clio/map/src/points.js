// Single points (restricted view) through regl-scatterplot. It draws; the camera, the lasso and the index that finds
// the point under the mouse are the map's own, so that clusters, labels and points move as one.

import createRegl from "regl";
import createScatterplot, { createRenderer, createSpatialIndex } from "regl-scatterplot";

const EXTENSIONS = ["OES_texture_float", "OES_element_index_uint", "WEBGL_color_buffer_float", "EXT_float_blend"];

// A target that takes the copy of a frame and does nothing with it.
const NOWHERE = ({ width, height }) => ({ width, height, getContext: () => ({ clearRect() {}, drawImage() {} }) });

export function webglWorks() {
  const canvas = document.createElement("canvas");
  const gl = canvas.getContext("webgl");
  if (!gl) return false;
  const enough = Boolean(gl.getExtension("OES_texture_float") && gl.getExtension("OES_element_index_uint"));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return enough;
}

export class Points {
  /** `onDrawn` is called in the frame in which the points were drawn. */
  constructor(holder, { onDrawn, onLost, onBack }) {
    this.holder = holder;
    this.callbacks = { onDrawn, onLost, onBack };
    this.ready = Promise.resolve();
    this.make();
  }

  make() {
    this.canvas = document.createElement("canvas");
    this.canvas.className = "clio-points";
    this.holder.replaceChildren(this.canvas);
    this.canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      this.lost = true;
      this.callbacks.onLost();
    });
    this.canvas.addEventListener("webglcontextrestored", () => this.restore());
    // A renderer as large as the map, whose canvas is the one on the page. The library's own is as large as the window
    // and copies every frame into a second canvas; both cost more than drawing the points.
    const gl = this.canvas.getContext("webgl", { antialias: false, depth: false, preserveDrawingBuffer: true });
    const regl = createRegl({ gl, extensions: EXTENSIONS.filter((name) => gl.getExtension(name)) });
    this.renderer = createRenderer({ canvas: this.canvas, regl, gamma: 1 });
    const plain = this.renderer.render;
    this.renderer.render = (draw) => plain(draw, NOWHERE(this.canvas));
    this.target = document.createElement("canvas");
    this.plot = createScatterplot({
      renderer: this.renderer, canvas: this.target, width: 100, height: 100, cameraIsFixed: true, lassoInitiator: false,
      showReticle: false, pointScaleMode: "constant", pointSize: 2, opacity: 0.5, opacityBy: null, colorBy: "valueA",
      pointColor: ["#888888", "#888888"], spatialIndexUseWorker: false, aspectRatio: 1,
    });
    this.plot.subscribe("drawing", () => this.callbacks.onDrawn());
  }

  restore() {
    this.lost = false;
    try {
      this.plot.destroy();
      this.renderer.destroy();
    } catch {
      // The old context is gone; what it held went with it.
    }
    this.make();
    this.ready = Promise.resolve();
    this.callbacks.onBack();
  }

  resize(width, height) {
    if (this.lost || (this.width === width && this.height === height)) return;
    this.width = width;
    this.height = height;
    this.renderer.resize(width, height);
    this.plot.set({ width, height });
  }

  /** Draws other points, or the same ones in other colours. Calls wait for each other: the library allows one. */
  load(points, model, theme) {
    this.points = points;
    this.ready = this.ready.then(() => this.send(points, model, theme));
    return this.ready;
  }

  async send(points, model, theme) {
    if (this.lost || this.destroyed) return;
    const { count, extent: [left, bottom, right, top] } = points;
    this.side = Math.max(right - left, top - bottom) / 2 || 1;
    this.middle = [(left + right) / 2, (bottom + top) / 2];
    const [kx, ky] = [(right - left) / 65535, (top - bottom) / 65535];
    const unknown = model.palette.length;
    const rows = new Array(count);
    const buckets = model.bucket;
    for (let i = 0; i < count; i++) {
      const cluster = points.cluster[i];
      const bucket = cluster < buckets.length ? buckets[cluster] : -1;
      rows[i] = [(left + points.x[i] * kx - this.middle[0]) / this.side, (bottom + points.y[i] * ky - this.middle[1]) / this.side,
        bucket < 0 ? unknown : bucket];
    }
    this.plot.set({ pointColor: [...model.palette, theme.neutral] });
    // The library's own index is not asked for anything here: one point is enough of it.
    this.emptyIndex ??= await createSpatialIndex({ x: [0], y: [0] }, false);
    if (this.lost || this.destroyed) return;
    await this.plot.draw(rows, { spatialIndex: this.emptyIndex, zDataType: "categorical" });
    this.loaded = true;
  }

  /** Moves the points. Their size and opacity follow when the map rests: setting them costs two more drawings. */
  look(camera, inView, moving) {
    if (this.lost || !this.side) return;
    const k = (2 * camera.scale * this.side) / camera.height;
    const tx = (2 * camera.scale * (this.middle[0] - camera.x)) / camera.height;
    const ty = (2 * camera.scale * (this.middle[1] - camera.y)) / camera.height;
    const size = Math.min(7, Math.max(1.6, 46 / Math.sqrt(Math.max(1, inView) ** 0.5) * 0.42));
    const cover = (camera.width * camera.height * 0.16) / (Math.max(1, inView) * size * size);
    const opacity = Math.min(0.85, Math.max(0.045, cover));
    this.plot.view([k, 0, 0, 0, 0, k, 0, 0, 0, 0, 1, 0, tx, ty, 0, 1], { preventEvent: true });
    const slack = moving ? 1 : 0.1;
    if (Math.abs(size - (this.pointSize ?? 0)) > slack || Math.abs(Math.log(opacity / (this.opacity ?? 1e-9))) > slack) {
      this.pointSize = size;
      this.opacity = opacity;
      this.plot.set({ pointSize: size, opacity });
    }
  }

  destroy() {
    this.destroyed = true;
    try {
      this.plot.destroy();
      this.renderer.destroy();
    } catch {
      // Destroying twice, or after the context was lost, has nothing left to free.
    }
    this.canvas.getContext("webgl")?.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/** Points sorted into a grid: how many are in view, and which is under the mouse. */
export class PointGrid {
  constructor(points) {
    this.points = points;
    this.n = Math.max(1, Math.min(256, Math.ceil(Math.sqrt(points.count / 8))));
    const cells = this.n * this.n;
    this.starts = new Uint32Array(cells + 1);
    for (let i = 0; i < points.count; i++) this.starts[this.cell(points.x[i], points.y[i]) + 1]++;
    for (let c = 0; c < cells; c++) this.starts[c + 1] += this.starts[c];
    const next = this.starts.slice(0, cells);
    this.order = new Uint32Array(points.count);
    for (let i = 0; i < points.count; i++) this.order[next[this.cell(points.x[i], points.y[i])]++] = i;
  }

  cell(x, y) {
    return ((y * this.n) >> 16) * this.n + ((x * this.n) >> 16);
  }

  /** A rectangle of data as cells. */
  cells(left, bottom, right, top) {
    const [x0, y0, x1, y1] = this.points.extent;
    const at = (v, from, to) => Math.max(0, Math.min(this.n - 1, Math.floor(((v - from) / (to - from || 1)) * this.n)));
    return [at(left, x0, x1), at(bottom, y0, y1), at(right, x0, x1), at(top, y0, y1)];
  }

  inView(camera) {
    const [left, bottom] = camera.toData(0, camera.height);
    const [right, top] = camera.toData(camera.width, 0);
    const [x0, y0, x1, y1] = this.points.extent;
    if (right < x0 || left > x1 || top < y0 || bottom > y1) return 0;
    const [c0, r0, c1, r1] = this.cells(left, bottom, right, top);
    let seen = 0;
    for (let r = r0; r <= r1; r++) seen += this.starts[r * this.n + c1 + 1] - this.starts[r * this.n + c0];
    return seen;
  }

  nearest(camera, px, py, reach) {
    const [x, y] = camera.toData(px, py);
    const far = reach / camera.scale;
    const [x0, y0, x1, y1] = this.points.extent;
    const [c0, r0, c1, r1] = this.cells(x - far, y - far, x + far, y + far);
    let best = -1;
    let least = far * far;
    for (let r = r0; r <= r1; r++) {
      for (let k = this.starts[r * this.n + c0]; k < this.starts[r * this.n + c1 + 1]; k++) {
        const i = this.order[k];
        const dx = x0 + (this.points.x[i] / 65535) * (x1 - x0) - x;
        const dy = y0 + (this.points.y[i] / 65535) * (y1 - y0) - y;
        if (dx * dx + dy * dy < least) {
          least = dx * dx + dy * dy;
          best = i;
        }
      }
    }
    return best;
  }
}
