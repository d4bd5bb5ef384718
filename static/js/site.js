// What every page does: confirm, copy code, close menus, show where one is in the outline, send what wasn't sent.
import "./copy.js";
import "./waiting.js";
import { findPart, part, parts } from "./dom.js";
import { isComposing } from "./keys.js";
import { mayHaveSome } from "./outbox.js";
import { session } from "./session.js";

const openMenus = () => parts(document, "details[data-menu][open]", HTMLDetailsElement);

document.addEventListener("submit", (event) => {
  const question = event.target instanceof HTMLElement ? event.target.dataset.confirm : "";
  if (question && !window.confirm(question)) event.preventDefault();
});

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!(event.target instanceof Node && menu.contains(event.target))) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || isComposing(event)) return;
  for (const menu of openMenus()) {
    menu.open = false;
    part(menu, "summary").focus();
  }
});

// Whoever registers has the time zone of their device; the profile changes it.
const zone = findPart(document, "input[data-zone]", HTMLInputElement);
if (zone) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";

const outline = findPart(document, "[data-outline]", HTMLDetailsElement);
if (outline) {
  // Beside the page CSS shows it, open or not (pages.css): screen readers are told that it is, and nobody closes it there.
  const wide = matchMedia("(min-width: 60rem)");
  const settle = () => {
    outline.open = wide.matches;
    part(outline, "summary").tabIndex = wide.matches ? -1 : 0;
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

// What an attempt's page couldn't send before it was left is sent by the next page of its person.
if (session.person && (await mayHaveSome())) import("./unsent.js");
