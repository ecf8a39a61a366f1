// Where the map is looked at from: the centre in data coordinates, and pixels per unit.

const CLOSEST = 400;
const FARTHEST = 0.5;

export class Camera {
  constructor() {
    this.x = 0;
    this.y = 0;
    this.zoom = 1;
    this.width = 1;
    this.height = 1;
    this.fit = 1;
    this.home = { x: 0, y: 0 };
  }

  /** The rectangle of data that zoom 1 shows whole. */
  frame([left, bottom, right, top]) {
    this.extent = [left, bottom, right, top];
    this.home = { x: (left + right) / 2, y: (bottom + top) / 2 };
    this.refit();
  }

  resize(width, height) {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.refit();
  }

  refit() {
    if (!this.extent) return;
    const [left, bottom, right, top] = this.extent;
    const margin = Math.min(72, this.width * 0.09);
    const across = Math.max(1e-9, right - left);
    const up = Math.max(1e-9, top - bottom);
    this.fit = Math.min((this.width - 2 * margin) / across, (this.height - 2 * Math.min(margin, 56)) / up);
    if (!(this.fit > 0)) this.fit = 1;
  }

  get scale() {
    return this.fit * this.zoom;
  }

  reset() {
    this.x = this.home.x;
    this.y = this.home.y;
    this.zoom = 1;
  }

  toScreen(x, y) {
    const k = this.scale;
    return [(x - this.x) * k + this.width / 2, this.height / 2 - (y - this.y) * k];
  }

  toData(px, py) {
    const k = this.scale;
    return [(px - this.width / 2) / k + this.x, (this.height / 2 - py) / k + this.y];
  }

  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y += dy / this.scale;
    this.hold();
  }

  /** Zooms by `factor` so that the data under (px, py) stays there. */
  zoomAt(factor, px, py) {
    const [x, y] = this.toData(px, py);
    this.zoom = Math.min(CLOSEST, Math.max(FARTHEST, this.zoom * factor));
    const [nx, ny] = this.toData(px, py);
    this.x += x - nx;
    this.y += y - ny;
    this.hold();
  }

  /** Nobody gets lost: the centre stays within the data. */
  hold() {
    const [left, bottom, right, top] = this.extent;
    this.x = Math.min(right, Math.max(left, this.x));
    this.y = Math.min(top, Math.max(bottom, this.y));
  }

  set({ x, y, scale }) {
    if (!Number.isFinite(x) || !Number.isFinite(y) || !(scale > 0)) return;
    this.x = x;
    this.y = y;
    this.zoom = Math.min(CLOSEST, Math.max(FARTHEST, scale));
    this.hold();
  }

  get view() {
    return { x: this.x, y: this.y, scale: this.zoom };
  }
}
