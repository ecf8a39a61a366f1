// The legend as a plain description, drawn as elements on the page and as shapes in a saved picture.

import { KNOWN, SUPPRESSED, UNKNOWN } from "./model.js";
import { element, isolated } from "./dom.js";
import { clean, count, formatted } from "./text.js";
import { between } from "./theme.js";

/** {title, swatches: [{colour, text, hollow}], scale: {stops, ticks}, notes} */
export function describe(model, theme) {
  const { colours } = model;
  const seen = [0, 0, 0];
  for (const row of model.marks) seen[model.status[row]]++;
  const swatches = [];
  let scale = null;
  if (colours.kind === "category") {
    if (colours.labels.length > 1 || colours.title) {
      colours.labels.forEach((label, i) => swatches.push({ colour: model.palette[i], text: clean(label, 44) }));
    }
  } else if (seen[KNOWN]) {
    scale = { stops: theme[colours.kind], ticks: ticks(colours) };
  }
  if (seen[SUPPRESSED]) swatches.push({ colour: theme.neutral, text: `Not shown: too few people (${count(seen[SUPPRESSED])})`, hollow: "dashed" });
  if (seen[UNKNOWN]) swatches.push({ colour: theme.neutral, text: `Not known (${count(seen[UNKNOWN])})`, hollow: "solid" });
  const notes = [`Circle area: ${model.size}`];
  if (model.density.x?.length) notes.push("Shade: conversations");
  if (colours.note) notes.push(clean(colours.note, 120));
  return { title: clean(colours.title, 60), swatches, scale, notes };
}

function ticks(colours) {
  const [low, high] = colours.domain;
  const middle = colours.kind === "diverging" ? colours.middle : (low + high) / 2;
  return [low, middle, high].map((value) => formatted(value, colours.style));
}

export function draw(holder, legend) {
  holder.replaceChildren();
  if (legend.title) holder.append(isolated("div", "clio-legend-title", legend.title));
  if (legend.scale) {
    const bar = element("div", "clio-scale");
    bar.style.background = `linear-gradient(to right, ${legend.scale.stops.join(",")})`;
    const row = element("div", "clio-ticks");
    for (const tick of legend.scale.ticks) row.append(element("span", "", tick));
    holder.append(bar, row);
  }
  const list = element("div", "clio-swatches");
  for (const swatch of legend.swatches) {
    const item = element("div", "clio-swatch");
    const dot = element("span", "clio-dot");
    if (swatch.hollow) dot.style.border = `1.5px ${swatch.hollow} ${swatch.colour}`;
    else dot.style.background = swatch.colour;
    item.append(dot, isolated("span", "clio-swatch-text", swatch.text));
    list.append(item);
  }
  if (legend.swatches.length) holder.append(list);
  for (const note of legend.notes) holder.append(isolated("div", "clio-note", note));
}

/** The same on a surface of a saved picture, its lower left corner at (x, y). Returns nothing. */
export function drawOn(surface, legend, x, y, theme) {
  const line = 17;
  const rows = legend.swatches.length + legend.notes.length + (legend.title ? 1 : 0) + (legend.scale ? 2 : 0);
  const height = rows * line + 16;
  let at = y - height + 8;
  surface.rectangle(x, y - height, 224, height, { fill: theme.background, fillOpacity: 0.82, radius: 8 });
  const text = (words, left, style = {}) => surface.text(words, left, at + 12, { size: 11.5, fill: theme.ink, weight: 400, ...style });
  if (legend.title) {
    text(legend.title, x + 10, { weight: 600 });
    at += line;
  }
  if (legend.scale) {
    const steps = 40;
    for (let i = 0; i < steps; i++) {
      surface.rectangle(x + 10 + i * 5, at + 3, 5.3, 9, { fill: between(legend.scale.stops, i / (steps - 1)), fillOpacity: 1, radius: 0 });
    }
    at += line;
    legend.scale.ticks.forEach((tick, i) => text(tick, x + 10 + i * 100, { anchor: ["start", "middle", "end"][i], size: 10.5 }));
    at += line;
  }
  for (const { colour, text: words, hollow } of legend.swatches) {
    surface.circle(x + 15, at + 8, 4.5, hollow
      ? { fill: theme.background, fillOpacity: 1, stroke: colour, width: 1.5, dash: hollow === "dashed" ? [3, 2] : null, opacity: 1 }
      : { fill: colour, fillOpacity: 1, stroke: colour, width: 0.5, dash: null, opacity: 1 });
    text(words, x + 27);
    at += line;
  }
  for (const note of legend.notes) {
    text(note, x + 10, { fill: theme.muted, size: 10.5 });
    at += line;
  }
}
