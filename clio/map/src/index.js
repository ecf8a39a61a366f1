// One script, three places: a Streamlit component, a notebook widget (anywidget) and a file of its own.

import { ClioMap } from "./map.js";
import { asBytes } from "./payload.js";
import { CSS } from "./style.js";

const maps = new WeakMap();

function styled(parent) {
  const style = document.createElement("style");
  style.textContent = CSS;
  parent.append(style);
}

function fail(parent, error) {
  let note = parent.querySelector(".clio-failed");
  if (!note) {
    note = document.createElement("p");
    note.className = "clio-failed";
    parent.append(note);
  }
  note.textContent = `The map cannot be drawn: ${error.message}`;
}

// Views of the maps of this page, by the parameter of the address: a map that comes back is looked at as it was left.
const views = (globalThis[Symbol.for("clio-map-views")] ??= new Map());

/** The view, into the page's address. The server is not asked, and what it writes there holds no view: so this is done
 * again after every change of the address (where the browser tells of them; else when the map moves or changes). */
function keepView(map) {
  const name = map.header?.address;
  if (!name) return;
  const view = map.viewText;
  views.set(name, { digest: map.model.digest, view: map.camera.view });
  const address = new URL(location.href);
  if (view) address.searchParams.set(name, view);
  else address.searchParams.delete(name);
  if (address.href !== location.href) history.replaceState(history.state, "", address);
}

/** Streamlit calls this again with every change of data or theme; what is returned runs once, at the end. */
function streamlit({ parentElement, data, setStateValue }) {
  let map = maps.get(parentElement);
  if (!map) {
    styled(parentElement);
    map = new ClioMap(parentElement, (event) => map.report(event));
    maps.set(parentElement, map);
    const { pathname } = location;
    map.onAddress = () => location.pathname === pathname && keepView(map);
    globalThis.navigation?.addEventListener("currententrychange", map.onAddress);
  }
  map.report = (event) => setStateValue("event", event);
  map.onRest = () => keepView(map);
  const bytes = asBytes(data);
  if (bytes) {
    try {
      const first = !map.model;
      map.update(bytes);
      const left = views.get(map.header.address);
      if (first && left?.digest === map.model.digest) {
        map.camera.set(left.view);
        map.draw();
      }
      keepView(map);
    } catch (error) {
      fail(parentElement, error);
    }
  }
  return () => {
    globalThis.navigation?.removeEventListener("currententrychange", map.onAddress);
    map.destroy();
    maps.delete(parentElement);
  };
}

function render({ model, el }) {
  const holder = document.createElement("div");
  el.append(holder);
  styled(holder);
  const map = new ClioMap(holder, (event) => {
    model.set("sent", event);
    model.save_changes();
  });
  const take = () => {
    try {
      map.update(asBytes(model.get("payload")));
    } catch (error) {
      fail(holder, error);
    }
  };
  take();
  model.on("change:payload", take);
  return () => {
    model.off("change:payload", take);
    map.destroy();
  };
}

/** anywidget asks the default export, called with nothing, for the widget; Streamlit calls it with its component. */
export default function clio(component) {
  return component ? streamlit(component) : { render };
}

// In a file of its own, the data lie beside the script as base64, which has no character that could end an element.
const embedded = globalThis.document?.getElementById("clio-map-data");
if (embedded?.type === "application/vnd.clio-map") {
  const bytes = Uint8Array.from(atob(embedded.textContent.trim()), (c) => c.charCodeAt(0));
  const holder = document.getElementById("clio-map");
  styled(holder);
  try {
    new ClioMap(holder, () => {}).update(bytes);
  } catch (error) {
    fail(holder, error);
  }
}
