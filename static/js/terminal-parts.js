// xterm.js with what it needs: large, so it is loaded when a terminal is wanted, and not before the page has been painted.
import { get, make } from "./dom.js";

/** @type {{style: string, scripts: string[]}} */
const { style, scripts } = JSON.parse(get("terminal-parts").textContent ?? "");
/** @type {Promise<void> | null} */
let loading = null;

/** Wait until the page is loaded and the browser has nothing else to do. */
async function calm() {
  if (document.readyState !== "complete") await new Promise((resolve) => addEventListener("load", resolve, { once: true }));
  await new Promise((resolve) => ("requestIdleCallback" in window ? requestIdleCallback(resolve, { timeout: 1000 }) : setTimeout(resolve)));
}

/** @param {HTMLElement} element */
function added(element) {
  return new Promise((resolve, reject) => {
    element.addEventListener("load", resolve, { once: true });
    element.addEventListener("error", reject, { once: true });
    document.head.append(element);
  });
}

async function load() {
  await calm();
  await Promise.all([
    added(make("link", { rel: "stylesheet", href: style })),
    ...scripts.map((src) => added(make("script", { src, async: false }))),
  ]);
  await calm(); // making a terminal is work, too
}

/** Load them, once; what failed is tried again by the next call. */
export function loadTerminal() {
  loading ??= load().catch((fault) => {
    loading = null;
    throw fault;
  });
  return loading;
}
