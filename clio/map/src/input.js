// Mouse, touch and keys, turned into what the map does with them.

const CLICK_SLACK = 5;
const KEY_STEP = 80;

export function listen(stage, map) {
  const held = new Map();
  let start = null;
  let lasso = null;
  let pinch = null;
  let pressedAt = 0;

  const at = (event) => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  const down = (event) => {
    if (event.button > 0 || event.target.closest("button")) return;
    stage.setPointerCapture(event.pointerId);
    const point = at(event);
    held.set(event.pointerId, point);
    if (held.size === 2) {
      lasso = null;
      start = null;
      pinch = spread([...held.values()]);
      map.choice.lassoDrawn(null);
      return;
    }
    pressedAt = event.timeStamp;
    start = { point, last: point, moved: false };
    if (event.shiftKey || map.choice.lassoMode) lasso = [point];
  };

  const move = (event) => {
    const point = at(event);
    if (!held.has(event.pointerId)) {
      if (event.pointerType !== "touch") map.hoverAt(point[0], point[1]);
      return;
    }
    held.set(event.pointerId, point);
    if (pinch && held.size === 2) {
      const now = spread([...held.values()]);
      map.mover.pan(now.x - pinch.x, now.y - pinch.y);
      map.mover.zoomBy(now.apart / Math.max(1, pinch.apart), now.x, now.y);
      pinch = now;
      return;
    }
    if (!start) return;
    if (Math.hypot(point[0] - start.point[0], point[1] - start.point[1]) > CLICK_SLACK) start.moved = true;
    if (!start.moved) return;
    map.hoverOff();
    if (lasso) {
      const last = lasso[lasso.length - 1];
      if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= 3) lasso.push(point);
      map.choice.lassoDrawn(lasso);
    } else {
      map.mover.pan(point[0] - start.last[0], point[1] - start.last[1]);
    }
    start.last = point;
  };

  const up = (event) => {
    if (!held.delete(event.pointerId)) return;
    if (pinch) {
      if (held.size < 2) pinch = null;
      start = null;
      return;
    }
    if (!start) return;
    const { moved, point } = start;
    start = null;
    if (lasso && moved) map.choice.lassoDone(lasso);
    else if (!moved && event.type === "pointerup" && event.timeStamp - pressedAt < 900) map.choice.clickAt(point[0], point[1]);
    lasso = null;
    map.choice.lassoDrawn(null);
  };

  const wheel = (event) => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const change = Math.max(-240, Math.min(240, event.deltaY * lines));
    const [x, y] = at(event);
    map.mover.zoomBy(Math.exp(-change * (event.ctrlKey ? 0.008 : 0.0026)), x, y);
  };

  const handlers = {
    pointerdown: down, pointermove: move, pointerup: up, pointercancel: up, wheel,
    pointerleave: () => map.hoverOff(),
    dblclick: (event) => !event.target.closest("button") && map.mover.zoomSmoothly(2, ...at(event)),
    keydown: (event) => key(event, map),
    focus: () => map.choice.focused(stage.matches(":focus-visible")),
    blur: () => map.choice.focused(false),
  };
  for (const [name, handler] of Object.entries(handlers)) stage.addEventListener(name, handler, { passive: false });
  return () => {
    for (const [name, handler] of Object.entries(handlers)) stage.removeEventListener(name, handler);
  };
}

function spread([a, b]) {
  return { x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2, apart: Math.hypot(a[0] - b[0], a[1] - b[1]) };
}

function key(event, map) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target !== event.currentTarget) return;
  const [x, y] = [map.camera.width / 2, map.camera.height / 2];
  const actions = {
    ArrowLeft: () => map.mover.pan(KEY_STEP, 0), ArrowRight: () => map.mover.pan(-KEY_STEP, 0),
    ArrowUp: () => map.mover.pan(0, KEY_STEP), ArrowDown: () => map.mover.pan(0, -KEY_STEP),
    "+": () => map.mover.zoomBy(1.4, x, y), "=": () => map.mover.zoomBy(1.4, x, y),
    "-": () => map.mover.zoomBy(1 / 1.4, x, y), "_": () => map.mover.zoomBy(1 / 1.4, x, y),
    0: () => map.mover.home(), Home: () => map.mover.home(),
    Enter: () => map.choice.selectNearest(), " ": () => map.choice.selectNearest(),
    Escape: () => map.choice.clear(),
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
  map.choice.announceNearest();
}
