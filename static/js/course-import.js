// Follows an import while the scheduler reads or applies it, and then shows what it found.
import { findPart, get } from "./dom.js";

const PAUSE_MS = 700;
const box = get("import");

function isWaiting() {
  return findPart(box, "[data-waits]") !== null;
}

async function look() {
  const response = await fetch(box.dataset.partial ?? "", { credentials: "same-origin" }).catch(() => null);
  if (response?.ok && !response.redirected) {
    // The site's own HTML, escaped there.
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    box.replaceChildren(...page.body.childNodes);
  }
  if (isWaiting()) setTimeout(look, PAUSE_MS);
}

if (isWaiting()) setTimeout(look, PAUSE_MS);
