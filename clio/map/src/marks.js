// Clusters as circles: area by size, colour by value, hollow where the value is not shown or not known.

import { KNOWN, SUPPRESSED } from "./model.js";

const SMALLEST = 2.6;
const DIM = 0.13;

/** The radius in pixels of the largest mark, so that all marks together cover a sixteenth of the map. */
export function largestRadius(model, width, height) {
  let sum = 0;
  for (const row of model.marks) sum += model.sizes[row] / model.largest;
  const fair = Math.sqrt((width * height * 0.062) / (Math.PI * Math.max(1, sum)));
  return Math.min(Math.min(width, height) * 0.055, Math.max(4.5, fair));
}

export function radiusOf(model, row, largest, zoom) {
  const grown = Math.min(2.4, Math.max(0.8, zoom ** 0.33));
  return Math.max(SMALLEST, largest * Math.sqrt(model.sizes[row] / model.largest)) * grown;
}

/** Circles in view as {row, x, y, r}, larger ones first, so that smaller ones lie on top and can be hit. */
export function visibleMarks(model, camera, largest) {
  const found = [];
  for (const row of model.marks) {
    const [x, y] = camera.toScreen(model.x[row], model.y[row]);
    const r = radiusOf(model, row, largest, camera.zoom);
    if (x + r < 0 || y + r < 0 || x - r > camera.width || y - r > camera.height) continue;
    found.push({ row, x, y, r });
  }
  return found;
}

export function hit(circles, px, py, slack) {
  let best = null;
  let least = Infinity;
  for (const circle of circles) {
    const away = Math.hypot(circle.x - px, circle.y - py) - circle.r;
    if (away > slack) continue;
    // Inside several circles, the one whose centre is nearest for its size.
    const rank = away > 0 ? 1 + away : Math.hypot(circle.x - px, circle.y - py) / circle.r;
    if (rank < least) {
      least = rank;
      best = circle;
    }
  }
  return best;
}

/** How a mark looks: fill, stroke, dash and opacity. Used for the canvas and for SVG. */
export function look(model, row, theme) {
  const opacity = model.dimmed(row) ? DIM : 1;
  if (model.status[row] === KNOWN) {
    return { fill: model.colour(row, theme), fillOpacity: 0.86, stroke: theme.background, width: 1.1, dash: null, opacity };
  }
  const dash = model.status[row] === SUPPRESSED ? [3, 2.4] : null;
  return { fill: theme.background, fillOpacity: 0.7, stroke: theme.neutral, width: 1.5, dash, opacity };
}

// A circle drawn once and copied is several times quicker than an arc each, and there are few different ones.
export class Sprites {
  constructor() {
    this.kept = new Map();
  }

  clear() {
    this.kept.clear();
  }

  get(model, row, radius, theme, ratio) {
    const status = model.status[row];
    const size = Math.max(2, Math.round(radius * 2 * ratio)) / ratio;
    const key = `${status === KNOWN ? model.bucket[row] : -1 - status}|${model.dimmed(row) ? 1 : 0}|${size}`;
    let sprite = this.kept.get(key);
    if (!sprite) {
      if (this.kept.size > 3000) this.kept.clear();
      sprite = drawn(look(model, row, theme), size / 2, ratio);
      this.kept.set(key, sprite);
    }
    return sprite;
  }
}

function drawn(style, radius, ratio) {
  const half = radius + 2;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.ceil(2 * half * ratio);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  circle(context, half, half, radius, style);
  return { canvas, half, side: canvas.width / ratio };
}

export function circle(context, x, y, radius, style) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.globalAlpha = style.opacity * style.fillOpacity;
  context.fillStyle = style.fill;
  context.fill();
  context.globalAlpha = style.opacity;
  context.lineWidth = style.width;
  context.strokeStyle = style.stroke;
  context.setLineDash(style.dash ?? []);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

export function drawMarks(context, model, circles, sprites, theme, ratio) {
  for (const { row, x, y, r } of circles) {
    const sprite = sprites.get(model, row, r, theme, ratio);
    context.drawImage(sprite.canvas, x - sprite.half, y - sprite.half, sprite.side, sprite.side);
  }
}

/** Rings around what is selected (strong) and what the lasso caught (thin). */
export function rings(circles, selected, lassoed) {
  const found = [];
  for (const { row, x, y, r } of circles) {
    if (selected.has(row)) found.push({ x, y, r: r + 3.5, width: 2.4 });
    else if (lassoed.has(row)) found.push({ x, y, r: r + 2, width: 1.4 });
  }
  return found;
}
