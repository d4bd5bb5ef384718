// Follows work that the scheduler has in hand, and then shows what came of it: a part of the page that says by
// `data-waits` within it that there will be more.
import { findPart, parts } from "./dom.js";

const PAUSE_MS = 700;

/** @param {HTMLElement} box */
function follow(box) {
  const isWaiting = () => findPart(box, "[data-waits]") !== null;

  async function look() {
    const response = await fetch(box.dataset.follow ?? "", { credentials: "same-origin" }).catch(() => null);
    if (response?.ok && !response.redirected) {
      // The site's own HTML, escaped there.
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      box.replaceChildren(...page.body.childNodes);
    }
    if (isWaiting()) setTimeout(look, PAUSE_MS);
  }

  if (isWaiting()) setTimeout(look, PAUSE_MS);
}

for (const box of parts(document, "[data-follow]")) follow(box);
