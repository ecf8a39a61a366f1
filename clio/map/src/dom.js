// The elements of the map. Nothing here takes markup: text goes in as text, and icons are drawn element by element.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  in: ["M12 6v12", "M6 12h12"],
  out: ["M6 12h12"],
  fit: ["M5 9V5h4", "M15 5h4v4", "M19 15v4h-4", "M9 19H5v-4"],
  lasso: ["M12 5c4.4 0 8 2.2 8 5s-3.6 5-8 5-8-2.2-8-5 3.600-5 8-5", "M8.500 14.500c-1.500 1-1.500 3.500.5 4.500"],
  save: ["M12 4v11", "M7.500 11l4.500 4.500 4.500-4.500", "M5 20h14"],
};

export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function isolated(tag, className, text) {
  const made = element(tag, className, text);
  made.dir = "auto";
  return made;
}

function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const d of ICONS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

function button(name, label, run, text) {
  const made = element("button", "clio-button");
  made.type = "button";
  made.title = label;
  made.setAttribute("aria-label", label);
  made.append(icon(name));
  if (text) made.append(element("span", "", text));
  made.addEventListener("click", (event) => {
    event.stopPropagation();
    run();
  });
  return made;
}

let serial = 0;

/** Everything under `root`: the stage with its layers, the tools, the legend, the card and what screen readers read. */
export function build(map) {
  const root = element("div", "clio-map");
  const hint = `clio-hint-${++serial}`;
  const stage = element("div", "clio-stage");
  stage.tabIndex = 0;
  stage.setAttribute("role", "application");
  stage.setAttribute("aria-roledescription", "map");
  stage.setAttribute("aria-describedby", hint);
  const parts = {
    root, stage,
    back: element("canvas", "clio-layer"),
    points: element("div", "clio-layer"),
    front: element("canvas", "clio-layer"),
    labels: element("div", "clio-layer clio-labels"),
    top: element("canvas", "clio-layer"),
    cross: element("div", "clio-cross"),
    card: element("div", "clio-card"),
    tools: element("div", "clio-tools"),
    legend: element("div", "clio-legend"),
    message: element("div", "clio-message"),
    hint: element("p", "clio-unseen", "Arrow keys move the map, plus and minus zoom, 0 shows everything. "
      + "Enter selects the cluster nearest to the centre, Escape clears the selection. "
      + "Drag with Shift held to select several clusters."),
    list: element("div", "clio-unseen"),
    live: element("div", "clio-unseen"),
  };
  parts.hint.id = hint;
  parts.labels.setAttribute("aria-hidden", "true");
  parts.card.setAttribute("aria-hidden", "true");
  parts.live.setAttribute("aria-live", "polite");
  parts.message.setAttribute("role", "status");
  parts.lasso = button("lasso", "Lasso: draw around clusters to select them", () => map.choice.toggleLasso());
  parts.lasso.setAttribute("aria-pressed", "false");
  const centre = () => [map.camera.width / 2, map.camera.height / 2];
  parts.tools.append(
    button("in", "Zoom in", () => map.mover.zoomSmoothly(1.8, ...centre())),
    button("out", "Zoom out", () => map.mover.zoomSmoothly(1 / 1.8, ...centre())),
    button("fit", "Show everything", () => map.mover.home()),
    parts.lasso,
    button("save", "Save this view as PNG", () => map.save("png"), "PNG"),
    button("save", "Save this view as SVG", () => map.save("svg"), "SVG"),
  );
  stage.append(parts.back, parts.points, parts.front, parts.labels, parts.top, parts.cross, parts.card);
  root.append(stage, parts.tools, parts.legend, parts.message, parts.hint, parts.list, parts.live);
  return parts;
}

/** Moves the label elements to where `placed` says; elements are kept by cluster, so that nothing is made per frame. */
export class LabelLayer {
  constructor(holder) {
    this.holder = holder;
    this.kept = new Map();
  }

  show(placed, colourOf, selected) {
    const gone = new Set(this.kept.keys());
    for (const label of placed) {
      const key = `${label.kind}|${label.row}`;
      gone.delete(key);
      let made = this.kept.get(key);
      if (!made) {
        made = isolated("div", `clio-label clio-${label.kind}`);
        for (const line of label.text) made.append(isolated("div", "", line));
        this.kept.set(key, made);
        this.holder.append(made);
      }
      made.style.transform = `translate(${label.x.toFixed(1)}px,${label.y.toFixed(1)}px)`;
      made.style.width = `${Math.ceil(label.w)}px`;
      made.style.color = colourOf(label);
      made.classList.toggle("clio-chosen", selected.has(label.row));
    }
    for (const key of gone) {
      this.kept.get(key).remove();
      this.kept.delete(key);
    }
  }

  clear() {
    this.kept.clear();
    this.holder.replaceChildren();
  }
}
