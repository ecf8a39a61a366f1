export const CSS = `
:host, .clio-map { --clio-paper: #ffffff; --clio-text: #252a33; }
@media (prefers-color-scheme: dark) { :host, .clio-map { --clio-paper: #12161c; --clio-text: #e4e7ec; } }
.clio-map { position: relative; box-sizing: border-box; width: 100%;
  background-color: var(--st-background-color, var(--jp-layout-color0, var(--clio-paper)));
  color: var(--st-text-color, var(--jp-ui-font-color1, var(--clio-text)));
  font-family: var(--st-font, var(--jp-ui-font-family, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif));
  font-size: 12.5px; line-height: 1.35; -webkit-font-smoothing: antialiased; }
.clio-map * { box-sizing: border-box; }
.clio-stage { position: absolute; inset: 0; overflow: hidden; border-radius: 10px; cursor: grab; touch-action: pan-y;
  outline: none; user-select: none; -webkit-user-select: none; border: 1px solid color-mix(in srgb, currentColor 12%, transparent); }
.clio-stage:focus-visible { box-shadow: 0 0 0 2px var(--st-primary-color, #4f8fc0); }
.clio-stage:active { cursor: grabbing; }
.clio-stage.clio-over { cursor: pointer; }
.clio-lassoing .clio-stage { cursor: crosshair; }
.clio-layer, .clio-points { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; display: block; }
.clio-label { position: absolute; left: 0; top: 0; text-align: center; white-space: nowrap; will-change: transform;
  unicode-bidi: isolate; animation: clio-in .16s ease-out;
  text-shadow: 0 0 3px var(--clio-halo), 0 0 3px var(--clio-halo), 0 0 2px var(--clio-halo), 0 0 1px var(--clio-halo), 0 0 5px var(--clio-halo); }
.clio-label div { unicode-bidi: plaintext; overflow: hidden; }
.clio-region { font-size: 17px; font-weight: 650; line-height: 19px; letter-spacing: -.01em; }
.clio-context { font-size: 13px; font-weight: 600; line-height: 16px; }
.clio-mark { font-size: 12.5px; font-weight: 500; line-height: 15px; }
.clio-chosen { text-decoration: underline; text-decoration-thickness: 1.5px; text-underline-offset: 3px; }
@keyframes clio-in { from { opacity: 0; } }
.clio-card { position: absolute; left: 0; top: 0; z-index: 3; display: none; max-width: 300px; min-width: 150px; padding: 9px 11px;
  pointer-events: none; border-radius: 8px; background: color-mix(in srgb, var(--clio-halo) 96%, currentColor 4%);
  border: 1px solid color-mix(in srgb, currentColor 16%, transparent); box-shadow: 0 4px 18px rgb(0 0 0 / .16);
  overflow-wrap: anywhere; }
.clio-card-name { font-weight: 650; font-size: 13.5px; unicode-bidi: isolate; }
.clio-card-summary { margin-top: 3px; opacity: .82; unicode-bidi: isolate; }
.clio-card-facts { margin-top: 6px; font-variant-numeric: tabular-nums; }
.clio-card-facts div { display: flex; justify-content: space-between; gap: 14px; }
.clio-card-facts span:first-child { opacity: .66; }
.clio-tools { position: absolute; right: 10px; top: 10px; z-index: 2; display: flex; flex-direction: column; gap: 4px; }
.clio-button { display: grid; place-items: center; width: 30px; height: 30px; padding: 0; margin: 0; cursor: pointer; color: inherit;
  font: inherit; border-radius: 7px; border: 1px solid color-mix(in srgb, currentColor 14%, transparent);
  background: color-mix(in srgb, var(--clio-halo) 88%, transparent); opacity: .86; }
.clio-button:hover { opacity: 1; border-color: color-mix(in srgb, currentColor 34%, transparent); }
.clio-button:focus-visible { outline: 2px solid var(--st-primary-color, #4f8fc0); outline-offset: 1px; opacity: 1; }
.clio-button[aria-pressed="true"] { background: var(--st-primary-color, #4f8fc0); color: #fff; opacity: 1; }
.clio-button svg { width: 17px; height: 17px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.clio-button span { font-size: 8.5px; font-weight: 650; line-height: 1; margin-top: -3px; letter-spacing: .02em; }
.clio-button:has(span) svg { width: 13px; height: 13px; margin-top: 1px; }
.clio-legend { position: absolute; left: 10px; bottom: 10px; z-index: 2; max-width: 230px; padding: 8px 10px; border-radius: 8px; font-size: 11.5px;
  background: color-mix(in srgb, var(--clio-halo) 84%, transparent); pointer-events: none; }
.clio-legend-right:not(.clio-narrow) .clio-legend { left: auto; right: 10px; }
.clio-legend-under:not(.clio-narrow) .clio-legend { left: 0; right: 0; bottom: 0; max-width: none; padding: 6px 2px 0; background: none; }
.clio-legend-under .clio-swatches { display: flex; flex-wrap: wrap; gap: 1px 14px; }
.clio-legend-title { font-weight: 650; margin-bottom: 4px; unicode-bidi: isolate; overflow-wrap: anywhere; }
.clio-scale { height: 9px; border-radius: 3px; width: 200px; max-width: 100%; }
.clio-ticks { display: flex; justify-content: space-between; width: 200px; max-width: 100%; font-variant-numeric: tabular-nums; font-size: 10.5px; margin: 2px 0 3px; }
.clio-swatch { display: flex; align-items: baseline; gap: 7px; }
.clio-dot { flex: none; width: 9px; height: 9px; border-radius: 50%; align-self: center; }
.clio-swatch-text { unicode-bidi: isolate; overflow-wrap: anywhere; }
.clio-note { opacity: .64; font-size: 10.5px; margin-top: 2px; }
.clio-message { position: absolute; left: 50%; top: 12px; transform: translateX(-50%); z-index: 2; max-width: 70%; padding: 6px 11px; display: none;
  border-radius: 8px; background: color-mix(in srgb, var(--clio-halo) 92%, currentColor 8%); border: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
.clio-cross { position: absolute; left: 50%; top: 50%; width: 17px; height: 17px; margin: -8.5px; pointer-events: none; display: none; opacity: .7;
  background: linear-gradient(currentColor, currentColor) center / 1.5px 100% no-repeat, linear-gradient(currentColor, currentColor) center / 100% 1.5px no-repeat; }
.clio-focused .clio-cross { display: block; }
.clio-unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.clio-narrow .clio-legend { position: static; max-width: none; padding: 8px 2px 0; background: none; }
.clio-narrow .clio-swatches { display: flex; flex-wrap: wrap; gap: 1px 12px; }
.clio-narrow .clio-stage { position: relative; inset: auto; }
.clio-narrow .clio-button { width: 36px; height: 36px; }
.clio-narrow .clio-card { max-width: 230px; }
@media (prefers-reduced-motion: reduce) { .clio-label { animation: none; } }
@media print { .clio-tools { display: none; } }
`;
