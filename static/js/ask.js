// @ts-nocheck -- its types aren't told yet
// One question to the person, in the page's own dialog.
const dialog = document.getElementById("confirm");

/** Ask, and resolve to whether they said yes. */
export function confirmed({ title, text, yes }) {
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("[data-text]").textContent = text;
  const button = dialog.querySelector("[data-yes]");
  button.textContent = yes;
  dialog.returnValue = "";
  button.onclick = () => dialog.close("yes");
  dialog.querySelector("[data-no]").onclick = () => dialog.close();
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}
