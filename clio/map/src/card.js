// The card beside the mouse: what is known of one cluster.

import { element, isolated } from "./dom.js";
import { SUPPRESSED, UNKNOWN } from "./model.js";
import { clean, count, formatted } from "./text.js";

export function counts(model, row) {
  return `${count(model.conversations[row])} conversations, ${count(model.accounts[row])} accounts`;
}

function valueText({ status, colours, values }, row) {
  if (status[row] === SUPPRESSED) return "not shown: too few people";
  if (status[row] === UNKNOWN) return "not known";
  return colours.kind === "category" ? clean(colours.labels[values[row]], 60) : formatted(values[row], colours.style);
}

export class Card {
  constructor(part) {
    this.part = part;
    this.row = null;
  }

  hide() {
    this.row = null;
    this.part.style.display = "none";
  }

  show(model, row, px, py, camera) {
    const { part } = this;
    if (this.row !== row) {
      this.row = row;
      this.fill(model, row);
      part.style.display = "block";
    }
    const [w, h] = [part.offsetWidth, part.offsetHeight];
    const left = px + 16 + w > camera.width ? Math.max(4, px - w - 14) : px + 16;
    const top = py + 14 + h > camera.height ? Math.max(4, py - h - 10) : py + 14;
    part.style.transform = `translate(${Math.round(left)}px,${Math.round(top)}px)`;
  }

  fill(model, row) {
    const facts = element("div", "clio-card-facts");
    const fact = (name, value) => {
      const line = element("div");
      line.append(isolated("span", "", name), isolated("span", "", value));
      facts.append(line);
    };
    const share = model.shares?.[row];
    fact("Conversations", count(model.conversations[row]) + (share === null || share === undefined ? "" : ` (${formatted(share, "percent")})`));
    fact("Accounts", count(model.accounts[row]));
    if (model.colours.title) fact(clean(model.colours.title, 60), valueText(model, row));
    const summary = clean(model.summaries?.[row], 260);
    this.part.replaceChildren(isolated("div", "clio-card-name", model.name(row)));
    if (summary) this.part.append(isolated("div", "clio-card-summary", summary));
    this.part.append(facts);
  }
}
