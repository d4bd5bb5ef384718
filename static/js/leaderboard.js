// @ts-nocheck -- its types aren't told yet
// Keeps the board up to date: a hint from the gateway, then the table alone is fetched, with a little jitter.
import { follow } from "./live.js";

const live = document.getElementById("live");
const board = document.getElementById("board");
let waiting = 0;

async function refresh() {
  waiting = 0;
  const response = await fetch(live.dataset.partial, { credentials: "same-origin" }).catch(() => null);
  if (!response?.ok || response.redirected) return;
  // The site's own HTML, escaped there.
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  board.replaceChildren(...page.body.childNodes);
}

follow(live, () => {
  waiting ||= setTimeout(refresh, 100 + Math.random() * 900);
});
