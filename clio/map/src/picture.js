// The current view as a picture to keep: PNG at twice the size, or SVG with circles and names as shapes and text.

import { drawOn } from "./legend.js";
import { circle, look } from "./marks.js";
import { STYLES } from "./labels.js";

class CanvasSurface {
  constructor(width, height, ratio, font) {
    this.canvas = document.createElement("canvas");
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.context = this.canvas.getContext("2d");
    this.context.scale(ratio, ratio);
    this.context.lineJoin = "round";
    this.font = font;
  }

  rectangle(x, y, w, h, { fill, fillOpacity, radius }) {
    this.context.globalAlpha = fillOpacity;
    this.context.fillStyle = fill;
    this.context.beginPath();
    this.context.roundRect(x, y, w, h, radius);
    this.context.fill();
    this.context.globalAlpha = 1;
  }

  circle(x, y, r, style) {
    circle(this.context, x, y, r, style);
  }

  image(canvas, x, y, w, h) {
    this.context.imageSmoothingQuality = "high";
    this.context.drawImage(canvas, x, y, w, h);
  }

  text(words, x, y, { size, weight, fill, anchor = "start", halo }) {
    const { context } = this;
    context.font = `${weight} ${size}px ${this.font}`;
    context.textAlign = { start: "left", middle: "center", end: "right" }[anchor];
    context.textBaseline = "alphabetic";
    if (halo) {
      context.lineWidth = 3.2;
      context.strokeStyle = halo;
      context.strokeText(words, x, y);
    }
    context.fillStyle = fill;
    context.fillText(words, x, y);
  }
}

function escaped(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

class SvgSurface {
  constructor(width, height, font, title) {
    this.font = font;
    this.parts = [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
      `<title>${escaped(title)}</title>`,
    ];
  }

  rectangle(x, y, w, h, { fill, fillOpacity, radius }) {
    this.parts.push(`<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" rx="${n(radius)}" fill="${fill}" fill-opacity="${fillOpacity}"/>`);
  }

  circle(x, y, r, s) {
    const dash = s.dash ? ` stroke-dasharray="${s.dash.join(" ")}"` : "";
    this.parts.push(`<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}" fill="${s.fill}" fill-opacity="${n(s.opacity * s.fillOpacity)}" `
      + `stroke="${s.stroke}" stroke-width="${s.width}" stroke-opacity="${s.opacity}"${dash}/>`);
  }

  image(canvas, x, y, w, h) {
    this.parts.push(`<image x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" preserveAspectRatio="none" href="${canvas.toDataURL("image/png")}"/>`);
  }

  text(words, x, y, { size, weight, fill, anchor = "start", halo }) {
    const edge = halo ? ` stroke="${halo}" stroke-width="3.2" stroke-linejoin="round" paint-order="stroke"` : "";
    this.parts.push(`<text x="${n(x)}" y="${n(y)}" font-family="${escaped(this.font)}" font-size="${size}" font-weight="${weight}" `
      + `text-anchor="${anchor}" fill="${fill}" unicode-bidi="isolate"${edge}>${escaped(words)}</text>`);
  }

  toString() {
    return `${this.parts.join("\n")}\n</svg>\n`;
  }
}

function n(value) {
  return Number(value.toFixed(2));
}

/** Draws what the map shows, bottom to top. `scene` is the map's own account of its last frame. */
function paint(surface, scene) {
  const { model, theme, camera, circles, rings, labels, labelColour, shade, points, title, legend, legendRight } = scene;
  surface.rectangle(0, 0, camera.width, camera.height, { fill: theme.background, fillOpacity: 1, radius: 0 });
  if (shade) surface.image(shade, 0, 0, camera.width, camera.height);
  if (points) surface.image(points, 0, 0, camera.width, camera.height);
  for (const { row, x, y, r } of circles) surface.circle(x, y, r, look(model, row, theme));
  for (const ring of rings) {
    surface.circle(ring.x, ring.y, ring.r, { fill: theme.background, fillOpacity: 0, stroke: theme.ink, width: ring.width, dash: null, opacity: 1 });
  }
  for (const label of labels) {
    const style = STYLES[label.kind];
    label.text.forEach((line, i) => surface.text(line, label.x + label.w / 2, label.y + (i + 0.77) * style.line, {
      size: style.size, weight: style.weight, anchor: "middle", fill: labelColour(label), halo: theme.background,
    }));
  }
  if (title) surface.text(title, 16, 26, { size: 14, weight: 600, fill: theme.ink, halo: theme.background });
  drawOn(surface, legend, legendRight ? camera.width - 236 : 12, camera.height - 12, theme);
}

export async function picture(kind, scene) {
  const { camera, theme, title } = scene;
  if (kind === "svg") {
    const surface = new SvgSurface(camera.width, camera.height, theme.font, title || "Map of clusters");
    paint(surface, scene);
    return new Blob([surface.toString()], { type: "image/svg+xml" });
  }
  const surface = new CanvasSurface(camera.width, camera.height, 2, theme.font);
  paint(surface, scene);
  return new Promise((resolve) => surface.canvas.toBlob(resolve, "image/png"));
}

export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
