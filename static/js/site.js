// @ts-nocheck -- its types aren't told yet
// What every page does: confirm, copy code, close menus, show where one is in the outline, toasts.
import "./copy.js";
import { isComposing } from "./keys.js";

export { send } from "./send.js";

/** Return the page's strings (a JSON data block). */
export function strings() {
  const block = document.getElementById("strings");
  return block ? JSON.parse(block.textContent) : {};
}

/** Show a short message at the edge of the page, for some seconds; return its element. */
export function toast(message, tone = "") {
  const note = document.createElement("p");
  note.className = `notice ${tone ? `notice-${tone}` : ""}`;
  note.textContent = message;
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), 8000);
  return note;
}

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || isComposing(event)) return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Whoever registers has the time zone of their device; the profile changes it.
const zone = document.querySelector("input[data-zone]");
if (zone) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";

const outline = document.querySelector("[data-outline]");
if (outline) {
  // Beside the page CSS shows it, open or not (pages.css): screen readers are told that it is, and nobody closes it there.
  const wide = matchMedia("(min-width: 60rem)");
  const settle = () => {
    outline.open = wide.matches;
    outline.querySelector("summary").tabIndex = wide.matches ? -1 : 0;
  };
  wide.addEventListener("change", settle);
  settle();
  const bringCurrent = () => {
    const current = outline.querySelector("[aria-current]");
    const middle = outline.getBoundingClientRect().top + outline.clientHeight / 2;
    if (current) outline.scrollTop += current.getBoundingClientRect().top - middle;
  };
  bringCurrent();
  outline.addEventListener("toggle", bringCurrent);
}

// What an attempt's page couldn't send before it was left is sent by the next page.
try {
  if (Object.keys(localStorage).some((key) => key.startsWith("yurt-answer:"))) import("./unsent.js");
} catch {
  // A browser without storage has kept nothing.
}
