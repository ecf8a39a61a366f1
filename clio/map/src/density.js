// The grid of conversations as a smooth shade. Each square is spread by a Gaussian as wide as the square is: the grid
// is fine where many people are and coarse where few are, and the shade claims no more detail than that.

import { channels } from "./theme.js";

const LONG_SIDE = 300;
const SPREAD = 0.55;
const BANDS = 7;

function spread(from, side, start, step, cells) {
  const sigma = Math.max(SPREAD * side, step);
  const first = Math.max(0, Math.floor((from - 3.7 * sigma - start) / step));
  const last = Math.min(cells - 1, Math.ceil((from + side + 3.7 * sigma - start) / step));
  const weights = new Float32Array(Math.max(0, last - first + 1));
  for (let i = first; i <= last; i++) {
    const at = start + (i + 0.5) * step;
    weights[i - first] = (normal((at - from) / sigma) - normal((at - from - side) / sigma)) / side;
  }
  return { first, weights };
}

// The normal distribution function by its logistic approximation (error under 0.01), enough for a shade.
function normal(z) {
  return 1 / (1 + Math.exp(-1.702 * z));
}

/** Conversations per unit of area on a raster over the squares and a margin; null without squares. */
export function rasterise(density) {
  const { x, y, size, n } = density;
  if (!x || !x.length) return null;
  let [left, bottom, right, top, widest] = [Infinity, Infinity, -Infinity, -Infinity, 0];
  for (let i = 0; i < x.length; i++) {
    left = Math.min(left, x[i]);
    bottom = Math.min(bottom, y[i]);
    right = Math.max(right, x[i] + size[i]);
    top = Math.max(top, y[i] + size[i]);
    widest = Math.max(widest, size[i]);
  }
  const margin = 2.1 * widest;
  left -= margin; right += margin; bottom -= margin; top += margin;
  const step = Math.max(right - left, top - bottom) / LONG_SIDE;
  const columns = Math.max(1, Math.ceil((right - left) / step));
  const rows = Math.max(1, Math.ceil((top - bottom) / step));
  const values = new Float32Array(columns * rows);
  for (let i = 0; i < x.length; i++) {
    const across = spread(x[i], size[i], left, step, columns);
    const up = spread(y[i], size[i], bottom, step, rows);
    for (let r = 0; r < up.weights.length; r++) {
      const weight = n[i] * up.weights[r];
      const line = (up.first + r) * columns + across.first;
      for (let c = 0; c < across.weights.length; c++) values[line + c] += weight * across.weights[c];
    }
  }
  return { values, columns, rows, left, bottom, step };
}

/** The colours of the marks spread around them, weighted by size, as RGB per cell of a coarser raster. */
function tints(raster, model, theme, every) {
  const columns = Math.ceil(raster.columns / every);
  const rows = Math.ceil(raster.rows / every);
  const sums = new Float32Array(columns * rows * 4);
  const step = raster.step * every;
  const reach = Math.max(2, Math.min(9, Math.round(30 / Math.sqrt(Math.max(4, model.marks.length)))));
  const base = channels(theme.shade);
  for (const row of model.marks) {
    const rgb = model.bucket[row] >= 0 ? channels(model.palette[model.bucket[row]]) : base;
    const c = Math.floor((model.x[row] - raster.left) / step);
    const r = Math.floor((model.y[row] - raster.bottom) / step);
    const weight = Math.sqrt(Math.max(1, model.conversations[row]));
    for (let j = Math.max(0, r - 3 * reach); j <= Math.min(rows - 1, r + 3 * reach); j++) {
      for (let i = Math.max(0, c - 3 * reach); i <= Math.min(columns - 1, c + 3 * reach); i++) {
        const near = weight * Math.exp(-((i - c) ** 2 + (j - r) ** 2) / (2 * reach * reach));
        const k = (j * columns + i) * 4;
        sums[k] += near * rgb[0];
        sums[k + 1] += near * rgb[1];
        sums[k + 2] += near * rgb[2];
        sums[k + 3] += near;
      }
    }
  }
  return { sums, columns, every, base };
}

/** A canvas with the shade, row 0 at the top. */
export function shade(raster, model, theme) {
  const canvas = document.createElement("canvas");
  canvas.width = raster.columns;
  canvas.height = raster.rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(raster.columns, raster.rows);
  const most = strong(raster.values);
  const tint = model.colours.kind === "category" ? tints(raster, model, theme, 4) : null;
  const base = channels(theme.shade);
  const strongest = 0.42;
  for (let r = 0; r < raster.rows; r++) {
    for (let c = 0; c < raster.columns; c++) {
      const height = Math.min(1, (raster.values[r * raster.columns + c] / most) ** 0.45);
      const rgb = tint ? tintAt(tint, c, r) : base;
      const k = ((raster.rows - 1 - r) * raster.columns + c) * 4;
      image.data[k] = rgb[0];
      image.data[k + 1] = rgb[1];
      image.data[k + 2] = rgb[2];
      image.data[k + 3] = 255 * strongest * banded(height);
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

// The value below which nine tenths of all conversations lie: one crowded spot does not bleach the rest.
function strong(values) {
  const sorted = Float32Array.from(values).sort();
  let sum = 0;
  for (const v of sorted) sum += v;
  let part = 0;
  for (const v of sorted) {
    part += v;
    if (part >= 0.9 * sum) return v || 1;
  }
  return 1;
}

// Soft steps: the eye reads them as contour lines.
function banded(height) {
  const at = height * BANDS;
  const floor = Math.floor(at);
  const edge = Math.min(1, (at - floor) / 0.35);
  const stepped = (floor + edge * edge * (3 - 2 * edge) * 0.999) / BANDS;
  return Math.max(0, 0.55 * stepped + 0.45 * height - 0.05);
}

function tintAt(tint, c, r) {
  const k = (Math.floor(r / tint.every) * tint.columns + Math.floor(c / tint.every)) * 4;
  const weight = tint.sums[k + 3];
  if (weight < 1e-3) return tint.base;
  const pull = 0.9 * weight / (weight + 0.4);
  return [0, 1, 2].map((i) => tint.base[i] * (1 - pull) + (tint.sums[k + i] / weight) * pull);
}

/** Draws the shade where the camera sees it. */
export function drawShade(context, canvas, raster, camera) {
  const [left, bottom] = camera.toScreen(raster.left, raster.bottom);
  const width = raster.columns * raster.step * camera.scale;
  const height = raster.rows * raster.step * camera.scale;
  // Only the part in view is scaled: far in, the whole would be tens of thousands of pixels wide.
  const x0 = Math.max(0, -left / width);
  const x1 = Math.min(1, (camera.width - left) / width);
  const y0 = Math.max(0, (height - bottom) / height);
  const y1 = Math.min(1, (camera.height - bottom + height) / height);
  if (x1 <= x0 || y1 <= y0) return;
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(canvas, x0 * canvas.width, y0 * canvas.height, (x1 - x0) * canvas.width, (y1 - y0) * canvas.height,
    left + x0 * width, bottom - height + y0 * height, (x1 - x0) * width, (y1 - y0) * height);
}
