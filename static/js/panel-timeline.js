// @ts-nocheck -- its types aren't told yet
// What happened to the lab, and the saves of the work in it: a part of the page that the site renders.
import { confirmed } from "./ask.js";
import { get, onState, problem, setState, state, watch, wordsOf } from "./lab-state.js";
import { onPanel, shown, view } from "./lab-tabs.js";
import { send, toast } from "./site.js";

const words = wordsOf("timeline");
const work = get("work");
let asked = 0;

async function load() {
  const mine = (asked += 1);
  const response = await send("GET", work.dataset.address).catch(() => null);
  const html = response?.ok ? await response.text().catch(() => null) : null;
  if (mine !== asked) return; // a later answer is newer
  get("work-error").hidden = html !== null;
  if (html === null) return;
  const focused = document.activeElement?.dataset?.restore;
  // eslint-disable-next-line no-restricted-syntax -- rendered and escaped by the site
  work.innerHTML = html;
  if (focused) [...work.querySelectorAll("[data-restore]")].find((one) => one.dataset.restore === focused)?.focus();
}

work.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-restore]");
  const kind = button?.dataset.kind ?? "restore";
  if (!button || !(await confirmed({ title: words[`${kind}_title`], text: words[`${kind}_text`], yes: words[`${kind}_yes`] }))) return;
  button.disabled = true;
  const response = await send("POST", button.dataset.restore).catch(() => null);
  button.disabled = false;
  if (!response?.ok) return toast(await problem(response), "bad");
  const found = await response.json();
  const isAnother = found.id !== state?.id;
  setState(found);
  if (isAnother) watch();
  toast(words.restoring, "good");
  view("terminal");
});
get("work-again").addEventListener("click", load);
onPanel("timeline", (isShown) => isShown && load());
onState(() => shown() === "timeline" && load());
