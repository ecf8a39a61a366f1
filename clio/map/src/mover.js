// Moving the map: at once with the mouse, in a short flight to a place.

import { Camera } from "./camera.js";

export class Mover {
  constructor(map) {
    this.map = map;
  }

  pan(dx, dy) {
    if (!this.map.model) return;
    this.stop();
    this.map.camera.pan(dx, dy);
    this.map.draw(true);
  }

  zoomBy(factor, px, py) {
    if (!this.map.model) return;
    this.stop();
    this.map.hoverOff();
    this.map.camera.zoomAt(factor, px, py);
    this.map.draw(true);
  }

  zoomSmoothly(factor, px, py) {
    const target = new Camera();
    Object.assign(target, this.map.camera);
    target.zoomAt(factor, px, py);
    this.flyTo(target.view);
  }

  home() {
    this.flyTo({ ...this.map.camera.home, scale: 1 });
  }

  bringIntoView(row, atOnce) {
    const leaves = this.map.model.leaves(row).filter((leaf) => Number.isFinite(this.map.model.x[leaf]));
    const spots = (leaves.length ? leaves : [row]).map((r) => [this.map.model.x[r], this.map.model.y[r]]).filter(([x]) => Number.isFinite(x));
    if (!spots.length) return;
    const seen = spots.some(([x, y]) => {
      const [px, py] = this.map.camera.toScreen(x, y);
      return px > 30 && py > 30 && px < this.map.camera.width - 30 && py < this.map.camera.height - 30;
    });
    if (seen) return;
    const middle = (i) => (Math.min(...spots.map((s) => s[i])) + Math.max(...spots.map((s) => s[i]))) / 2;
    const view = { x: middle(0), y: middle(1), scale: this.map.camera.zoom };
    if (atOnce) this.map.camera.set(view);
    else this.flyTo(view);
  }

  flyTo(view) {
    this.stop();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.map.camera.set(view);
      this.map.cameToRest();
      return this.map.draw();
    }
    const from = this.map.camera.view;
    const began = performance.now();
    const step = () => {
      const t = Math.min(1, (performance.now() - began) / 260);
      const e = 1 - (1 - t) ** 3;
      this.map.camera.set({
        x: from.x + (view.x - from.x) * e, y: from.y + (view.y - from.y) * e, scale: from.scale * (view.scale / from.scale) ** e,
      });
      this.map.draw(t < 1);
      if (t === 1) this.map.cameToRest();
      this.flight = t < 1 && !this.map.gone ? requestAnimationFrame(step) : null;
    };
    this.flight = requestAnimationFrame(step);
  }

  stop() {
    if (this.flight) cancelAnimationFrame(this.flight);
    this.flight = null;
  }
}
