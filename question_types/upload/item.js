// Files: each is uploaded by itself, with its progress; only a file that the site has is part of the answer, which is then
// saved as any other. What isn't uploaded can be tried again.

/** @import { Answer } from "../../static/js/types" */
/** @typedef {{id: string, name: string, size: number}} Uploaded */

const LARGEST = 10 * 1024 * 1024;

/** @param {HTMLElement} box */
const partOf = (box) => /** @type {HTMLElement} */ (box.querySelector("[data-uploads]"));

/**
 * @template {HTMLElement} T
 * @param {HTMLElement} box
 * @param {string} selector
 * @returns {T}
 */
const find = (box, selector) => /** @type {T} */ (box.querySelector(selector));

/**
 * @param {HTMLElement} box
 * @returns {Uploaded[]}
 */
const filesOf = (box) => JSON.parse(partOf(box).dataset.files || "[]");

/**
 * @param {HTMLElement} box
 * @param {string} name
 * @param {object} [values]
 */
function say(box, name, values = {}) {
  const words = JSON.parse(/** @type {HTMLTemplateElement} */ (box.querySelector("[data-words]")).content.textContent ?? "{}");
  const parts = new Map(Object.entries(values));
  return String(words[name] ?? name).replace(/\{(\w+)\}/g, (_all, key) => String(parts.get(key)));
}

/** @type {WeakMap<HTMLElement, () => void>} */
const listeners = new WeakMap();

/**
 * @param {HTMLElement} box
 * @param {Uploaded[]} files
 */
function show(box, files) {
  partOf(box).dataset.files = JSON.stringify(files);
  const list = find(box, "[data-list]");
  for (const line of list.querySelectorAll("[data-kept]")) line.remove();
  const lines = files.map((file) => lineOf(box, file));
  list.prepend(...lines);
}

/**
 * @param {HTMLElement} box
 * @param {Uploaded} file
 */
function lineOf(box, file) {
  const line = document.createElement("li");
  line.dataset.kept = file.id;
  const name = document.createElement("span");
  name.textContent = `${file.name} (${Math.max(1, Math.round(file.size / 1000))} kB)`;
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "button button-small" });
  button.textContent = say(box, "remove", { name: file.name });
  button.addEventListener("click", () => {
    show(box, filesOf(box).filter((other) => other.id !== file.id));
    note(box, say(box, "removed", { name: file.name }));
    find(box, "input[type=file]").focus();
    listeners.get(box)?.();
  });
  line.append(name, button);
  return line;
}

/**
 * @param {HTMLElement} box
 * @param {string} text
 */
const note = (box, text) => {
  find(box, "[data-note]").textContent = text;
};

/**
 * Make a button of a line, which goes when it is pressed.
 * @param {string} text
 * @param {HTMLElement} line
 * @param {() => void} act
 */
function buttonOf(text, line, act) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button button-small", textContent: text });
  button.addEventListener("click", () => {
    line.remove();
    act();
  });
  return button;
}

/**
 * Upload one file; its line goes when the site has it, and stays with a way to try again where it hasn't.
 * @param {HTMLElement} box
 * @param {File} file
 */
async function upload(box, file) {
  const line = document.createElement("li");
  const text = document.createElement("span");
  const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
  bar.setAttribute("aria-label", file.name);
  line.append(text, bar);
  find(box, "[data-list]").append(line);
  const onProgress = (/** @type {number} */ done) => {
    bar.value = done;
    text.textContent = say(box, "sending", { name: file.name, percent: Math.floor(100 * done) });
  };
  onProgress(0);
  const most = Number(partOf(box).dataset.most);
  const fault = !file.size ? "empty" : file.size > LARGEST ? "large" : filesOf(box).length >= most && most > 1 ? "many" : "";
  const sent = fault ? { why: say(box, fault), file: null, isFinal: fault !== "many" } : await put(box, file, onProgress);
  if (sent.file) {
    const others = filesOf(box).filter((other) => other.id !== sent.file?.id);
    line.remove();
    show(box, [...(most === 1 ? [] : others), sent.file]);
    note(box, say(box, "uploaded", { name: file.name }));
    listeners.get(box)?.();
    return;
  }
  bar.remove();
  text.textContent = say(box, "failed", { name: file.name, why: sent.why });
  if (!sent.isFinal) line.append(buttonOf(say(box, "again"), line, () => upload(box, file)));
  line.append(buttonOf(say(box, "remove", { name: file.name }), line, () => focus(box)));
}

/**
 * @param {HTMLElement} box
 * @param {File} file
 * @param {(done: number) => void} onProgress
 * @returns {Promise<{file: Uploaded | null, why: string, isFinal?: boolean}>}  isFinal: the same file is refused again
 */
async function put(box, file, onProgress) {
  const { session } = await import("../../static/js/session.js");
  const request = new XMLHttpRequest();
  request.open("PUT", `${partOf(box).dataset.address}?name=${encodeURIComponent(file.name)}`);
  const headers = { "X-CSRFToken": session.token, "X-Yurt-Person": session.person, Accept: "application/json", "Content-Type": "application/octet-stream" };
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.upload.addEventListener("progress", (event) => onProgress(event.loaded / (event.total || 1)));
  await new Promise((resolve) => {
    request.addEventListener("loadend", resolve);
    request.send(file);
  });
  /** @type {any} */
  let answer = null;
  try {
    answer = JSON.parse(request.responseText);
  } catch {
    // not our site's answer
  }
  if (request.status === 201 && answer?.id) return { file: answer, why: "" };
  if (request.status === 401 || answer?.code === "csrf") await session.check();
  return { file: null, why: answer?.errors?.[0]?.message ?? answer?.detail ?? say(box, "away"), isFinal: request.status === 422 };
}

/**
 * @param {HTMLElement} box
 * @param {() => void} changed
 */
export function setUp(box, changed) {
  listeners.set(box, changed);
  show(box, filesOf(box));
  const input = /** @type {HTMLInputElement} */ (find(box, "input[type=file]"));
  input.addEventListener("input", (event) => event.stopPropagation()); // a file that was chosen isn't handed in yet
  input.addEventListener("change", () => {
    const chosen = [...(input.files ?? [])];
    input.value = "";
    chosen.reduce((before, file) => before.then(() => upload(box, file)), Promise.resolve());
  });
}

/**
 * @param {HTMLElement} box
 * @returns {Answer}
 */
export function read(box) {
  const files = filesOf(box);
  return files.length ? /** @type {any} */ (files) : null;
}

/**
 * @param {HTMLElement} box
 * @param {Answer} answer
 */
export const write = (box, answer) => show(box, /** @type {any} */ (answer) ?? []);

/** @param {HTMLElement} box */
export const focus = (box) => find(box, "input[type=file]").focus();

/**
 * @param {HTMLElement} _box
 * @param {Answer} answer
 */
export const wordsOf = (_box, answer) => (/** @type {any} */ (answer) ?? []).map((/** @type {Uploaded} */ file) => file.name).join(", ");
