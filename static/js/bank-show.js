// A question of the bank: its preview can be answered.
import { makeAnswerable } from "./bank-try.js";
import { get, part } from "./dom.js";

const preview = get("preview");
makeAnswerable(preview, () => {
  const form = part(preview, "form[data-try]", HTMLFormElement);
  return { address: new URL(form.action), body: new FormData(form) };
});
