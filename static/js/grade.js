// Grading an answer: its rubric by keys, the marks that it makes, and the lease that keeps others from the same answer.
import { isComposing } from "./keys.js";
import { send } from "./send.js";

const RENEW_MS = 60_000;

const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form.grade-answer"));

/** @param {HTMLFormElement} of */
function start(of) {
  const items = [.../** @type {NodeListOf<HTMLInputElement>} */ (of.querySelectorAll("input[name=chosen]"))];
  const marks = /** @type {HTMLInputElement} */ (of.querySelector("#marks"));
  const most = Number(of.dataset.most);
  const startsAt = Number(of.dataset.startsAt);
  const hold = of.dataset.hold ?? "";
  let isSending = false;

  const addUp = () => {
    const sum = items.filter((item) => item.checked).reduce((total, item) => total + Number(item.dataset.points), startsAt);
    marks.value = String(Math.round(Math.min(Math.max(sum, 0), most) * 100) / 100);
  };
  items.forEach((item) => item.addEventListener("change", addUp));

  addEventListener("keydown", (event) => {
    const at = event.target;
    const isTyping = at instanceof HTMLTextAreaElement || (at instanceof HTMLInputElement && at.type !== "checkbox");
    if (isTyping || isComposing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const item = /^[1-9]$/.test(event.key) ? items[Number(event.key) - 1] : undefined;
    if (item === undefined) return;
    event.preventDefault();
    item.click();
    item.focus();
  });

  // A page in the background may be forgotten: its lease ends, and begins again when it is looked at.
  const renew = () => {
    if (document.visibilityState === "visible") send("POST", hold).catch(() => null);
  };
  setInterval(renew, RENEW_MS);
  document.addEventListener("visibilitychange", renew);
  of.addEventListener("submit", () => {
    isSending = true;
  });
  addEventListener("pagehide", () => {
    if (!isSending) send("POST", `${hold}?leave=1`, undefined, { keepalive: true }).catch(() => null);
  });
}

if (form) start(form);
