// What is on the map, as plain arrays: clusters by row, the tree between them, and the state that changes often.

import { clean } from "./text.js";
import { bucketColours, bucketOf } from "./theme.js";

export const KNOWN = 0;
export const UNKNOWN = 1;
export const SUPPRESSED = 2;

export class Model {
  constructor(header, array) {
    const c = header.clusters;
    this.digest = header.digest;
    this.count = c.id.length;
    this.ids = c.id;
    this.levels = c.level;
    this.parents = c.parent;
    this.names = c.name;
    this.summaries = c.summary;
    this.conversations = c.conversations;
    this.accounts = c.accounts;
    this.shares = c.share;
    this.x = array("x");
    this.y = array("y");
    this.extent = header.extent;
    this.density = { x: array("density_x"), y: array("density_y"), size: array("density_size"), n: array("density_n") };
    this.points = this.readPoints(header, array);
    this.rows = new Map(this.ids.map((id, row) => [id, row]));
    this.shown = new Map();
    this.plant();
  }

  readPoints(header, array) {
    const px = array("point_x");
    if (!px) return null;
    return { x: px, y: array("point_y"), cluster: array("point_cluster"), extent: header.point_extent, count: px.length };
  }

  /** Children, marks (those without children, largest first) and labels by level. */
  plant() {
    this.children = Array.from({ length: this.count }, () => []);
    this.parents.forEach((parent, row) => parent >= 0 && this.children[parent].push(row));
    const placed = (row) => Number.isFinite(this.x[row]) && Number.isFinite(this.y[row]);
    const rows = Array.from({ length: this.count }, (_, row) => row).filter(placed);
    const larger = (a, b) => this.conversations[b] - this.conversations[a] || a - b;
    this.marks = rows.filter((row) => this.children[row].length === 0).sort(larger);
    this.isMark = new Uint8Array(this.count);
    for (const row of this.marks) this.isMark[row] = 1;
    const levels = [...new Set(rows.map((row) => this.levels[row]))].sort((a, b) => b - a);
    // Coarsest first. A mark without a finer level below it belongs to every level at and below its own.
    const finest = levels.length ? levels[levels.length - 1] : 0;
    this.tiers = levels.map((level) =>
      rows.filter((row) => this.levels[row] === level || (this.isMark[row] && this.levels[row] > level && level >= finest))
        .sort(larger));
  }

  /** Everything that can change without new data: colours, size, highlight. */
  dress(header, array) {
    this.colours = header.colours;
    this.size = header.size;
    this.status = array("colour_status");
    this.values = array("colour_value");
    this.highlight = array("highlight");
    const sizes = this.size === "accounts" ? this.accounts : this.conversations;
    this.sizes = sizes;
    this.largest = this.marks.reduce((most, row) => Math.max(most, sizes[row]), 1);
  }

  paint(theme) {
    this.palette = bucketColours(this.colours, theme);
    this.bucket = new Int16Array(this.count).fill(-1);
    for (let row = 0; row < this.count; row++) {
      if (this.status[row] === KNOWN) this.bucket[row] = bucketOf(this.colours, this.values[row]);
    }
  }

  colour(row, theme) {
    return this.bucket[row] >= 0 ? this.palette[this.bucket[row]] : theme.neutral;
  }

  name(row) {
    let text = this.shown.get(row);
    if (text === undefined) {
      text = clean(this.names[row], 120) || "Unnamed";
      this.shown.set(row, text);
    }
    return text;
  }

  dimmed(row) {
    return this.highlight !== null && !this.highlight[row];
  }

  /** The marks under a cluster, itself if it is one. */
  leaves(row) {
    const found = [];
    const waiting = [row];
    while (waiting.length) {
      const next = waiting.pop();
      if (this.children[next].length) waiting.push(...this.children[next]);
      else if (this.isMark[next]) found.push(next);
    }
    return found;
  }
}
