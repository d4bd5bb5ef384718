// @ts-nocheck -- its types aren't told yet
// For a lab's student: who looks in, who asks for the keyboard, and who has it. Nothing here takes the focus away from
// the terminal, so that nobody gives the keyboard away by typing on.
import { act, fill, get, onState } from "./lab-state.js";
import { toast } from "./site.js";

const words = JSON.parse(get("visitor-words").textContent);
const bar = get("visitors");
const ask = get("keyboard-ask");
let asking = null;

function line(visitor) {
  const row = document.createElement("p");
  row.className = "visitor";
  row.dataset.driving = String(visitor.is_driving);
  const icon = document.createElement("span");
  icon.className = "visitor-icon";
  icon.setAttribute("aria-hidden", "true");
  const text = document.createElement("span");
  text.textContent = fill(visitor.is_driving ? words.driving : words.looking, { name: visitor.name });
  row.append(icon, text);
  if (visitor.is_driving) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button-small";
    button.textContent = words.take_back;
    button.addEventListener("click", async () => (await act(`visits/${visitor.id}/take-back`)) && toast(words.taken, "good"));
    row.append(button);
  }
  return row;
}

let shown = "";
onState((state) => {
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

ask.querySelector("[data-give]").addEventListener("click", () => asking && act(`visits/${asking.id}/give`));
ask.querySelector("[data-refuse]").addEventListener("click", () => asking && act(`visits/${asking.id}/take-back`));
