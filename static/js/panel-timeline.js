// What happened to the lab, and the saves of the work in it: a part of the page that the site renders.
import { confirmed } from "./ask.js";
import { around, get, parts } from "./dom.js";
import { lab } from "./lab-state.js";
import { tabs } from "./lab-tabs.js";
import { send } from "./send.js";
import { toast } from "./toast.js";
import { wordsOf } from "./words.js";

const words = wordsOf("timeline");
const work = get("work");
let asked = 0;

async function load() {
  asked += 1;
  const mine = asked;
  const response = await send("GET", work.dataset.address ?? "").catch(() => null);
  const html = response?.ok ? await response.text().catch(() => null) : null;
  if (mine !== asked) return; // a later answer is newer
  get("work-error").hidden = html !== null;
  if (html === null) return;
  const focused = document.activeElement instanceof HTMLElement && document.activeElement.dataset.restore;
  // eslint-disable-next-line no-restricted-syntax -- rendered and escaped by the site
  work.innerHTML = html;
  if (focused) parts(work, "[data-restore]").find((one) => one.dataset.restore === focused)?.focus();
}

work.addEventListener("click", async (event) => {
  const button = around(event, "[data-restore]");
  if (!(button instanceof HTMLButtonElement)) return;
  const kind = button.dataset.kind ?? "restore";
  if (!(await confirmed({ title: words[`${kind}_title`], text: words[`${kind}_text`], yes: words[`${kind}_yes`] }))) return;
  button.disabled = true;
  const isDone = await lab.post(button.dataset.restore ?? "");
  button.disabled = false;
  if (!isDone) return;
  toast(words.restoring, "good");
  tabs.show("terminal");
});
get("work-again").addEventListener("click", load);
tabs.onPanel("timeline", (isShown) => isShown && load());
lab.onChange(() => tabs.shown === "timeline" && load());
