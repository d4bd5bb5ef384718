// A question to practise: its type's script reads the answer, which goes along with the form.
import { get, part } from "./dom.js";
import { Field, scriptOf } from "./quiz-field.js";

const form = get("practice", HTMLFormElement);
const box = part(form, "[data-position]");
const field = new Field(box, await scriptOf(box));

form.addEventListener("submit", () => {
  const response = field.read();
  part(form, 'input[name="response"]', HTMLInputElement).value = response === null ? "" : JSON.stringify(response);
});
field.focus();
