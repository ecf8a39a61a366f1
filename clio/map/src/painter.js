// Everything that is drawn but single points: shade, circles, names, rings, the lasso; on the page and into pictures.

import { drawShade, rasterise, shade } from "./density.js";
import { element, LabelLayer } from "./dom.js";
import { Labeller } from "./labels.js";
import { drawMarks, largestRadius, rings, Sprites, visibleMarks } from "./marks.js";
import { picture } from "./picture.js";
import { mixed } from "./theme.js";

export class Painter {
  constructor(map) {
    this.map = map;
    this.sprites = new Sprites();
    this.labeller = new Labeller();
    this.labels = new LabelLayer(map.parts.labels);
    this.circles = [];
    this.placed = [];
    this.rings = [];
    this.largest = 8;
  }

  /** Other data: nothing that was made of the former ones is used again. */
  take(model) {
    this.raster = rasterise(model.density);
    this.labeller.forget();
    this.labels.clear();
  }

  /** Other colours. */
  dress() {
    this.sprites.clear();
    this.shaded = this.raster && shade(this.raster, this.map.model, this.map.theme);
  }

  resize(width, height, ratio) {
    const { back, front, top } = this.map.parts;
    for (const canvas of [back, front, top]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.largest = largestRadius(this.map.model, width, height);
  }

  cleared(canvas) {
    const { camera, ratio } = this.map;
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, camera.width, camera.height);
    return context;
  }

  paint() {
    const { model, camera, theme, ratio, parts } = this.map;
    const [back, front] = [parts.back, parts.front].map((canvas) => this.cleared(canvas));
    if (this.shaded) {
      back.globalAlpha = model.points && this.map.webgl ? 0.35 : 1;
      drawShade(back, this.shaded, this.raster, camera);
      back.globalAlpha = 1;
    }
    this.circles = visibleMarks(model, camera, this.largest);
    const bright = this.circles.filter(({ row }) => !model.dimmed(row));
    const ordered = model.highlight ? [...this.circles.filter(({ row }) => model.dimmed(row)), ...bright] : this.circles;
    drawMarks(front, model, ordered, this.sprites, theme, ratio);
    this.placed = this.labeller.place({
      model, camera, circles: bright, font: theme.font, moving: this.map.moving,
      first: this.firstLabels(), obstacles: this.obstacles(),
    });
    this.labels.show(this.placed, (label) => this.labelColour(label), this.map.choice.rows);
    this.paintTop();
  }

  /** Rings and the lasso, on a layer of their own: they change without anything else moving. */
  paintTop() {
    const { camera, theme, model, choice } = this.map;
    const context = this.cleared(this.map.parts.top);
    const ringed = choice.selected === null ? new Set() : new Set(model.leaves(choice.selected));
    this.rings = rings(this.circles, ringed, choice.lassoed);
    for (const { x, y, r, width } of this.rings) {
      for (const [colour, wide] of [[theme.background, width + 2], [theme.ink, width]]) {
        context.beginPath();
        context.arc(x, y, r, 0, 2 * Math.PI);
        context.lineWidth = wide;
        context.strokeStyle = colour;
        context.stroke();
      }
    }
    const line = choice.drawing ?? choice.polygon?.map(([x, y]) => camera.toScreen(x, y));
    if (line?.length >= 2) drawLasso(context, line, theme);
  }

  firstLabels() {
    const { model, choice, parts } = this.map;
    const first = [...choice.rows];
    if (choice.nearest !== undefined && parts.root.classList.contains("clio-focused")) first.push(choice.nearest);
    const { highlight } = model;
    if (highlight) first.push(...model.marks.filter((row) => highlight[row]).slice(0, 40));
    return first.filter((row) => row !== null && row >= 0);
  }

  /** Where the tools and the legend lie, no name is written. */
  obstacles() {
    const { stage, tools, legend } = this.map.parts;
    const at = stage.getBoundingClientRect();
    return [tools, legend].map((part) => part.getBoundingClientRect())
      .filter((box) => box.width && box.bottom > at.top && box.top < at.bottom)
      .map((box) => ({ x: box.left - at.left - 4, y: box.top - at.top - 4, w: box.width + 8, h: box.height + 8 }));
  }

  labelColour({ row, kind }) {
    const { theme, model } = this.map;
    if (kind === "mark") return theme.ink;
    if (model.colours.kind === "category" && model.bucket[row] >= 0) return mixed(model.colour(row, theme), theme.ink, theme.dark ? 0.3 : 0.45);
    return mixed(theme.ink, theme.background, 0.12);
  }

  /** The view as it is now, as a file. */
  picture(kind) {
    const { model, theme, camera, legend, legendRight, drawer } = this.map;
    let shadeNow = null;
    if (this.shaded) {
      shadeNow = element("canvas");
      shadeNow.width = camera.width;
      shadeNow.height = camera.height;
      drawShade(shadeNow.getContext("2d"), this.shaded, this.raster, camera);
    }
    return picture(kind, {
      model, theme, camera, circles: this.circles, rings: this.rings, labels: this.placed,
      labelColour: (label) => this.labelColour(label), shade: shadeNow, legend, title: "",
      legendRight, points: drawer?.loaded && !drawer.lost ? drawer.canvas : null,
    });
  }
}

function drawLasso(context, line, theme) {
  context.beginPath();
  line.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
  context.globalAlpha = 0.1;
  context.fillStyle = theme.ink;
  context.fill();
  context.globalAlpha = 0.75;
  context.lineWidth = 1.4;
  context.setLineDash([5, 4]);
  context.strokeStyle = theme.ink;
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}
