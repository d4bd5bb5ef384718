// For a lab's student: who looks in, who asks for the keyboard, and who has it. Nothing here takes the focus away from
// the terminal, so that nobody gives the keyboard away by typing on.
import { get, make, part } from "./dom.js";
import { lab } from "./lab-state.js";
import { toast } from "./toast.js";
import { fill, wordsOf } from "./words.js";

/** @import { Visitor } from "./types" */

const words = wordsOf("visitors");
const bar = get("visitors");
const ask = get("keyboard-ask");
/** @type {Visitor | null} */
let asking = null;
let shown = "";

/** @param {Visitor} visitor */
function line(visitor) {
  const icon = make("span", { className: "visitor-icon", ariaHidden: "true" });
  const said = fill(visitor.is_driving ? words.driving : words.looking, { name: visitor.name });
  const row = make("p", { className: "visitor" }, icon, make("span", { textContent: said }));
  row.dataset.driving = String(visitor.is_driving);
  if (visitor.is_driving) {
    const button = make("button", { type: "button", className: "button button-small", textContent: words.take_back });
    button.addEventListener("click", async () => (await lab.act(`visits/${visitor.id}/take-back`)) && toast(words.taken, "good"));
    row.append(button);
  }
  return row;
}

lab.onChange((state) => {
  const visitors = state?.state === "ended" ? [] : (state?.visitors ?? []);
  const now = JSON.stringify(visitors);
  // Said again only when it is something else: a screen reader reads each change.
  if (now === shown) return;
  shown = now;
  bar.replaceChildren(...visitors.map(line));
  bar.hidden = visitors.length === 0;
  asking = visitors.find((visitor) => visitor.has_asked) ?? null;
  ask.hidden = !asking;
  if (asking) get("keyboard-ask-title").textContent = fill(words.asks, { name: asking.name });
});

part(ask, "[data-give]").addEventListener("click", () => asking && lab.act(`visits/${asking.id}/give`));
part(ask, "[data-refuse]").addEventListener("click", () => asking && lab.act(`visits/${asking.id}/take-back`));
