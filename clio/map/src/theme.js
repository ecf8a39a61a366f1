// Colours. Categories: Carto's "Safe" set (eleven colours told apart under the common colour blindnesses), with the
// darkest four lightened for dark pages. Scales go steadily from light to dark, so that lightness alone tells them.

const CATEGORIES = {
  light: ["#4f8fc0", "#cc6677", "#c9a93b", "#2f8f5b", "#5a4fa8", "#aa4499", "#44aa99", "#8f8f33", "#882255", "#9a4a2f", "#7fb6dc"],
  dark: ["#6fb1e0", "#e08492", "#ddcc77", "#4fb57c", "#9a8fe6", "#cf74c2", "#5cc7b5", "#b5b554", "#d16c98", "#d08a68", "#a9d4f2"],
};
const SEQUENTIAL = {
  light: ["#cfdfe8", "#98bdd3", "#5f96bb", "#34699b", "#193c6b"],
  dark: ["#2f4a63", "#43749b", "#67a1c4", "#9fcddb", "#e6f4ee"],
};
const DIVERGING = {
  light: ["#a84f0b", "#dd9a55", "#c9ccd1", "#74a5cf", "#17569a"],
  dark: ["#f0954a", "#a9693a", "#575d66", "#4780b3", "#7fc1f5"],
};
export const BUCKETS = 33;

export function channels(colour) {
  const text = colour.trim();
  const hex = /^#([0-9a-f]{6})$/i.exec(text);
  if (hex) {
    const n = parseInt(hex[1], 16);
    return [n >> 16, (n >> 8) & 255, n & 255];
  }
  const parts = /^rgba?\(([^)]+)\)$/.exec(text);
  if (parts) return parts[1].split(/[\s,/]+/).filter(Boolean).slice(0, 3).map(Number);
  return [255, 255, 255];
}

export function mixed(a, b, t) {
  const p = channels(a);
  const q = channels(b);
  return `#${p.map((v, i) => Math.round(v + (q[i] - v) * t).toString(16).padStart(2, "0")).join("")}`;
}

export function between(stops, t) {
  const at = Math.min(1, Math.max(0, t)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  return mixed(stops[i], stops[i + 1], at - i);
}

function luminance(colour) {
  const [r, g, b] = channels(colour);
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}

/** The page's colours as they are now, from Streamlit's or Jupyter's variables or the system's setting. */
export function readTheme(root) {
  const style = getComputedStyle(root);
  const background = style.backgroundColor || "#ffffff";
  const ink = style.color || "#222222";
  const dark = luminance(background) < 0.45;
  const mode = dark ? "dark" : "light";
  const muted = mixed(ink, background, 0.42);
  return {
    dark, background: mixed(background, background, 0), ink: mixed(ink, ink, 0), muted,
    faint: mixed(background, ink, 0.16), neutral: mixed(background, ink, dark ? 0.5 : 0.42),
    font: style.fontFamily || "sans-serif",
    categories: CATEGORIES[mode], sequential: SEQUENTIAL[mode], diverging: DIVERGING[mode],
    other: dark ? "#8a9099" : "#9aa0a8", plain: CATEGORIES[mode][0],
    shade: dark ? "#7fa6c9" : "#5b7f9f",
  };
}

/** The colours of the buckets that `bucketOf` gives: categories and "other", or 33 steps of a scale. */
export function bucketColours(colours, theme) {
  if (colours.kind === "category") return colours.labels.map((_, i) => categoryColour(colours, i, theme));
  const stops = theme[colours.kind];
  return Array.from({ length: BUCKETS }, (_, i) => between(stops, i / (BUCKETS - 1)));
}

function categoryColour(colours, index, theme) {
  if (colours.labels.length === 1 && !colours.title) return theme.plain;
  if (index === colours.other) return theme.other;
  return theme.categories[index % theme.categories.length];
}

export function bucketOf(colours, value) {
  if (colours.kind === "category") return value;
  const [low, high] = colours.domain;
  const t = position(colours, value, low, high);
  return Math.round(Math.min(1, Math.max(0, t)) * (BUCKETS - 1));
}

function position(colours, value, low, high) {
  if (colours.kind !== "diverging") return high > low ? (value - low) / (high - low) : 0.5;
  const middle = colours.middle;
  if (value < middle) return low < middle ? 0.5 * (value - low) / (middle - low) : 0.5;
  return high > middle ? 0.5 + 0.5 * (value - middle) / (high - middle) : 0.5;
}
