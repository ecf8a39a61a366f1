// Which names are written where: the level that suits the zoom, one coarser level as its context, nothing over
// anything else. Greedy: largest first, each at the first of its places that is free.

import { wrapped } from "./text.js";

export const STYLES = {
  region: { size: 17, weight: 650, line: 19, width: 176, lines: 3 },
  context: { size: 13, weight: 600, line: 16, width: 150, lines: 2 },
  mark: { size: 12.5, weight: 500, line: 15, width: 150, lines: 2 },
};
const GAP = 4;
/** Below this width names of areas are written smaller, and a name that would hide marks is left out. */
const SMALL = 520;

export function maxLabels(width, height) {
  return Math.max(7, Math.min(70, Math.floor((width * height) / 8200)));
}

/** The tier (0 is coarsest) whose names fit the view, and the coarser one written large above it, or -1. */
export function tiersFor(model, camera, room) {
  const inView = (row) => {
    const [x, y] = camera.toScreen(model.x[row], model.y[row]);
    return x >= 0 && y >= 0 && x <= camera.width && y <= camera.height;
  };
  const counts = model.tiers.map((tier) => {
    let seen = 0;
    for (const row of tier) if (inView(row)) seen++;
    return seen;
  });
  let active = 0;
  while (active + 1 < counts.length && counts[active + 1] <= room * 1.15) active++;
  if (active === 0) return { active, context: -1 };
  let context = active - 1;
  for (let tier = 0; tier < active; tier++) {
    if (counts[tier] >= 3) {
      context = tier;
      break;
    }
  }
  return { active, context };
}

class Boxes {
  constructor() {
    this.cells = new Map();
  }

  each(box, visit) {
    for (let i = Math.floor(box.x / 90); i <= Math.floor((box.x + box.w) / 90); i++) {
      for (let j = Math.floor(box.y / 40); j <= Math.floor((box.y + box.h) / 40); j++) {
        if (visit(i * 4096 + j)) return true;
      }
    }
    return false;
  }

  free(box) {
    return !this.each(box, (cell) => (this.cells.get(cell) ?? []).some((b) =>
      box.x < b.x + b.w && b.x < box.x + box.w && box.y < b.y + b.h && b.y < box.y + box.h));
  }

  /** Area of a box that lies over others. */
  hidden(box) {
    const found = new Set();
    this.each(box, (cell) => {
      for (const b of this.cells.get(cell) ?? []) found.add(b);
      return false;
    });
    let area = 0;
    for (const b of found) {
      const across = Math.min(box.x + box.w, b.x + b.w) - Math.max(box.x, b.x);
      const down = Math.min(box.y + box.h, b.y + b.h) - Math.max(box.y, b.y);
      if (across > 0 && down > 0) area += across * down;
    }
    return area;
  }

  add(box) {
    this.each(box, (cell) => {
      const held = this.cells.get(cell);
      if (held) held.push(box);
      else this.cells.set(cell, [box]);
      return false;
    });
  }
}

export class Labeller {
  constructor() {
    this.context = document.createElement("canvas").getContext("2d");
    this.measured = new Map();
    this.before = new Map();
  }

  forget() {
    this.measured.clear();
    this.before.clear();
  }

  lines(model, row, kind, font) {
    const key = `${kind}|${row}`;
    let found = this.measured.get(key);
    if (!found) {
      const style = STYLES[kind];
      this.context.font = `${style.weight} ${style.size}px ${font}`;
      const measure = (text) => this.context.measureText(text).width;
      const text = wrapped(model.name(row), style.width, style.lines, measure);
      found = { text, width: Math.max(...text.map(measure)) + 4, height: text.length * style.line };
      this.measured.set(key, found);
    }
    return found;
  }

  /**
   * Labels as {row, kind, x, y, w, h, text, side}: x, y the upper left corner. `moving` keeps what was placed before,
   * so that names do not flicker while the map moves.
   */
  place({ model, camera, circles, font, moving, first, obstacles }) {
    const room = maxLabels(camera.width, camera.height);
    const { active, context } = tiersFor(model, camera, room);
    const radii = new Map(circles.map((circle) => [circle.row, circle]));
    const boxes = new Boxes();
    for (const box of obstacles) boxes.add(box);
    const crowd = new Boxes();
    if (circles.length < 400) {
      for (const { x, y, r } of circles) if (r > 5) crowd.add({ x: x - r * 0.8, y: y - r * 0.8, w: r * 1.6, h: r * 1.6 });
    }
    const placed = new Map();
    const written = new Set();
    const small = camera.width < SMALL;
    const asked = new Set(first);
    const put = (row, wanted) => {
      const kind = small && wanted === "region" ? "context" : wanted;
      // A cluster and the one child that bears its name need the name once.
      if (placed.size >= room || placed.has(row) || written.has(model.name(row))) return;
      const whole = small && wanted !== "region" && !asked.has(row);
      const label = this.fit(model, row, kind, { camera, radii, boxes, crowd, font, whole });
      if (!label) return;
      boxes.add({ x: label.x - GAP, y: label.y - 2, w: label.w + 2 * GAP, h: label.h + 4 });
      placed.set(row, label);
      written.add(model.name(row));
    };
    const kindOf = (row, tier) => (tier === context ? "region" : model.isMark[row] ? "mark" : active === 0 || context < 0 ? "region" : "context");
    for (const row of first) put(row, model.isMark[row] ? "mark" : "region");
    const tiers = [context, active].filter((tier) => tier >= 0);
    for (const tier of tiers) {
      let tried = 0;
      const rows = model.tiers[tier] ?? [];
      if (moving) for (const row of rows) if (this.before.has(row) && !model.dimmed(row)) put(row, kindOf(row, tier));
      for (const row of rows) {
        if (tried > 900 || placed.size >= room) break;
        if (model.dimmed(row) && tier === active && model.isMark[row]) continue;
        tried++;
        put(row, kindOf(row, tier));
      }
    }
    this.before = placed;
    this.levels = { active, context };
    return [...placed.values()];
  }

  /** The first place that hides no mark, or else the one that hides least; `whole` allows only the former. */
  fit(model, row, kind, { camera, radii, boxes, crowd, font, whole }) {
    const [x, y] = camera.toScreen(model.x[row], model.y[row]);
    if (x < -40 || y < -20 || x > camera.width + 40 || y > camera.height + 20) return null;
    const { text, width: w, height: h } = this.lines(model, row, kind, font);
    const mark = radii.get(row);
    const r = mark ? mark.r + 3 : 0;
    const places = mark
      ? [["below", x - w / 2, y + r], ["above", x - w / 2, y - r - h], ["right", x + r + 1, y - h / 2], ["left", x - r - 1 - w, y - h / 2]]
      : [["over", x - w / 2, y - h / 2], ["over", x - w / 2, y - h * 1.25], ["over", x - w / 2, y + h * 0.25],
        ["over", x - w / 2, y - h * 2.1], ["over", x - w / 2, y + h * 1.1],
        ["over", x - w * 1.05, y - h / 2], ["over", x + w * 0.05, y - h / 2],
        ["over", x - w / 2, y - h * 3], ["over", x - w / 2, y + h * 2],
        ["over", x - w * 1.1, y - h * 1.6], ["over", x + w * 0.1, y - h * 1.6],
        ["over", x - w * 1.1, y + h * 0.6], ["over", x + w * 0.1, y + h * 0.6]];
    const earlier = this.before.get(row)?.place;
    if (earlier !== undefined && earlier < places.length) places.unshift(places[earlier]);
    let second = null;
    let least = Infinity;
    for (let i = 0; i < places.length; i++) {
      const [side, left, top] = places[i];
      if (left < 2 || top < 2 || left + w > camera.width - 2 || top + h > camera.height - 2) continue;
      const box = { x: left, y: top, w, h };
      if (!boxes.free(box)) continue;
      const place = earlier !== undefined && i > 0 ? i - 1 : i === 0 && earlier !== undefined ? earlier : i;
      const label = { row, kind, x: left, y: top, w, h, text, side, place };
      const hidden = crowd.hidden(box);
      if (!hidden) return label;
      if (hidden < least) [second, least] = [label, hidden];
    }
    return whole ? null : second;
  }
}
