// Names are written by a model and by whoever talked to it: they are text, never markup.

// Controls, and marks that reorder what follows them. Letters of right-to-left scripts need none of these.
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const LONE_SURROGATES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** One line of visible text, cut at `limit` characters. */
export function clean(text, limit) {
  const line = String(text ?? "").slice(0, limit * 4).replace(CONTROLS, " ").replace(LONE_SURROGATES, "\ufffd")
    .replace(/[\ufffe\uffff]/g, "\ufffd").replace(/\s+/g, " ").trim();
  const letters = Array.from(line);
  return letters.length <= limit ? line : letters.slice(0, limit - 1).join("").trimEnd() + "…";
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

export function count(value) {
  return whole.format(value);
}

/** A value as its colour scale writes it. */
export function formatted(value, style) {
  if (style === "percent") return `${short.format(value * 100)}%`;
  if (style === "signed_percent") {
    const sign = value > 0 ? "+" : value < 0 ? "−" : "";
    return `${sign}${short.format(Math.abs(value) * 100)}%`;
  }
  return short.format(value);
}

/** Words into lines no wider than `width` pixels, at most `most` lines; the last is cut with an ellipsis. */
export function wrapped(text, width, most, measure) {
  const lines = [];
  let line = "";
  const words = text.split(" ");
  for (let i = 0; i < words.length; i++) {
    const longer = line ? `${line} ${words[i]}` : words[i];
    if (measure(longer) <= width || !line) {
      line = longer;
    } else if (lines.length + 1 === most) {
      line = `${line}…`;
      lines.push(fitted(line, width, measure));
      return lines;
    } else {
      lines.push(fitted(line, width, measure));
      line = words[i];
    }
  }
  if (line) lines.push(fitted(line, width, measure));
  return lines;
}

function fitted(line, width, measure) {
  if (measure(line) <= width) return line;
  const letters = Array.from(line);
  let low = 1;
  let high = letters.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(letters.slice(0, middle).join("") + "…") <= width) low = middle;
    else high = middle - 1;
  }
  return letters.slice(0, low).join("") + "…";
}
