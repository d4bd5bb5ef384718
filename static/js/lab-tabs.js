// @ts-nocheck -- its types aren't told yet
// The tabs of the lab page. On narrow screens the steps are one of them; on wide ones they stand beside the panels.
import { get } from "./lab-state.js";

const lab = get("lab");
const tabs = [...document.querySelectorAll("[data-tab]")];
const narrow = matchMedia("(max-width: 59.99rem)");
const listeners = [];

/** Return the name of the panel that is on the screen; "steps" only on narrow screens. */
export const shown = () => (narrow.matches ? lab.dataset.view : lab.dataset.panel);

/** Call `listener(isShown)` when the panel comes on the screen or leaves it. */
export function onPanel(name, listener) {
  listeners.push({ name, listener, was: shown() === name });
  if (shown() === name) listener(true);
}

/** Show a part: "steps", or a panel by its name. */
export function view(name) {
  lab.dataset.view = name;
  if (name !== "steps") lab.dataset.panel = name;
  render();
}

/** Mark a tab whose panel has something new; opening it takes the mark away. */
export function mark(name, isMarked = true) {
  const tab = get(`tab-${name}`);
  if (tab) tab.querySelector(".tab-mark").hidden = !isMarked || shown() === name;
}

function render() {
  const now = shown();
  for (const tab of tabs) {
    const isShown = tab.dataset.tab === now;
    tab.setAttribute("aria-selected", String(isShown));
    tab.tabIndex = isShown ? 0 : -1;
    if (isShown) {
      tab.querySelector(".tab-mark").hidden = true;
      requestAnimationFrame(() => tab.scrollIntoView({ block: "nearest", inline: "nearest" })); // it would force a layout now
    }
  }
  for (const panel of document.querySelectorAll("[data-panel-of]")) panel.hidden = panel.dataset.panelOf !== lab.dataset.panel;
  for (const one of listeners) {
    if (one.was === (one.name === now)) continue;
    one.was = one.name === now;
    one.listener(one.was);
  }
}

function move(event) {
  const visible = tabs.filter((tab) => tab.offsetParent !== null);
  const at = visible.indexOf(event.currentTarget);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: visible.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const tab = visible[(to + visible.length) % visible.length];
  view(tab.dataset.tab);
  tab.focus();
}

for (const tab of tabs) {
  tab.addEventListener("click", () => view(tab.dataset.tab));
  tab.addEventListener("keydown", move);
}
narrow.addEventListener("change", render);

const split = get("lab-split");
function divide(percent) {
  const kept = Math.max(20, Math.min(75, percent));
  lab.style.setProperty("--split", `${kept}%`);
  split.setAttribute("aria-valuenow", String(Math.round(kept)));
}
split.addEventListener("pointerdown", (event) => {
  split.setPointerCapture(event.pointerId);
  lab.dataset.dividing = "";
});
split.addEventListener("pointermove", (event) => split.hasPointerCapture(event.pointerId) && divide((event.clientX / innerWidth) * 100));
split.addEventListener("lostpointercapture", () => delete lab.dataset.dividing);
split.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -4, ArrowRight: 4 }[event.key];
  if (step) divide(Number(split.getAttribute("aria-valuenow")) + step);
});

render();
