// Two buttons under a plotly figure: it as PNG, it as SVG. Plotly's own button knows one format, set beforehand, and is
// on the page only as long as a mouse is over the figure; this presses it with either.

const CSS = `
.files { display: flex; gap: .75rem; justify-content: flex-end; }
button { all: unset; cursor: pointer; font: 400 .8rem var(--st-font, sans-serif); color: var(--st-text-color, inherit);
  opacity: .7; border-radius: .25rem; padding: 0 .25rem; }
button:hover { opacity: 1; color: var(--st-primary-color, inherit); }
button:focus-visible { opacity: 1; outline: 2px solid var(--st-primary-color, currentColor); }
`;

/** The figure that stands last before `host` on the page. */
function figureBefore(host) {
  const before = (plot) => host.compareDocumentPosition(plot) & Node.DOCUMENT_POSITION_PRECEDING;
  return [...document.querySelectorAll(".js-plotly-plot")].filter(before).pop();
}

function save(host, format, filename) {
  const plot = figureBefore(host);
  const button = plot?._fullLayout?._modeBar?.buttons.flat().find(({ name }) => name === "toImage");
  if (!button) return;
  const before = plot._context.toImageButtonOptions;
  plot._context.toImageButtonOptions = { ...before, format, filename, scale: format === "png" ? 2 : 1 };
  button.click(plot);
  plot._context.toImageButtonOptions = before;
}

export default function figureFiles({ parentElement, data }) {
  const root = parentElement.getRootNode();
  const host = root instanceof ShadowRoot ? root.host : parentElement;
  const style = document.createElement("style");
  style.textContent = CSS;
  const files = document.createElement("div");
  files.className = "files";
  for (const format of ["png", "svg"]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = format.toUpperCase();
    button.setAttribute("aria-label", `Save the figure above as ${format.toUpperCase()}`);
    button.addEventListener("click", () => save(host, format, data.name));
    files.append(button);
  }
  parentElement.replaceChildren(style, files);
}
