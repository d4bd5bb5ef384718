// One question to the person, in the page's own dialog.
import { get, part } from "./dom.js";

/**
 * Ask, and resolve to whether they said yes.
 * @param {{title: string, text: string, yes: string}} question
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, text, yes }) {
  const dialog = get("confirm", HTMLDialogElement);
  part(dialog, "h2").textContent = title;
  part(dialog, "[data-text]").textContent = text;
  const button = part(dialog, "[data-yes]");
  button.textContent = yes;
  dialog.returnValue = "";
  button.onclick = () => dialog.close("yes");
  part(dialog, "[data-no]").onclick = () => dialog.close();
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}
