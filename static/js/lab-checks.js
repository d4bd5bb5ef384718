// The steps of the lab page: their checks, how far the student is, and the solutions they may read.
import { findPart, get, part, parts } from "./dom.js";
import { lab } from "./lab-state.js";
import { fill, wordsOf } from "./words.js";

/** @import { Check, Step } from "./types" */

const words = wordsOf("steps");
/** @type {Pick<Check, "state" | "is_passed" | "output" | "hint_html">} */
const NEW = { state: "idle", is_passed: false, output: "", hint_html: null };
const articles = parts(document, "[data-step]");
const boxes = parts(document, "[data-check]");
/** The step whose student has just asked for its solution, which opens by itself then. @type {string | undefined} */
let asked;
/** The button that lost the focus because it can't be pressed meanwhile. @type {HTMLButtonElement | null} */
let left = null;

/** @param {HTMLElement} box */
const isBusy = (box) => box.dataset.state === "queued" || box.dataset.state === "running";
/** @param {HTMLElement[]} some */
const countPassed = (some) => some.filter((box) => box.dataset.passed === "true").length;

/**
 * Enable or disable a button; one that had the focus has it again when it is enabled.
 * @param {HTMLButtonElement} button
 * @param {boolean} isOn
 */
function enable(button, isOn) {
  if (!isOn && document.activeElement === button) left = button;
  button.disabled = !isOn;
  if (!isOn || left !== button) return;
  left = null;
  if (document.activeElement === document.body) button.focus();
}

/**
 * Return what to say of a check: one that passed on a machine before counts, also where it fails on this one.
 * @param {Pick<Check, "state" | "is_passed">} check
 */
function stateWord({ state, is_passed: isPassed }) {
  if (state === "idle") return isPassed ? "passed" : "";
  return state === "failed" && isPassed ? "lost" : state;
}

/**
 * @param {HTMLElement} box
 * @param {Pick<Check, "state" | "is_passed" | "output" | "hint_html">} check
 */
function renderCheck(box, check) {
  box.dataset.state = check.state;
  box.dataset.passed = String(check.is_passed);
  const said = fill(words[`check_${stateWord(check)}`] ?? "", { seconds: box.dataset.timeout });
  const line = part(box, ".check-state");
  if (line.textContent !== said) line.textContent = said;
  const output = part(box, ".check-output");
  output.textContent = check.output;
  output.hidden = !check.output || isBusy(box);
  const hint = part(box, ".check-hint");
  hint.hidden = !check.hint_html;
  // eslint-disable-next-line no-restricted-syntax -- sanitised by the site when the lab was imported
  if (check.hint_html) hint.innerHTML = check.hint_html;
  const link = findPart(box, "[data-hint-link]");
  if (link) link.hidden = check.state !== "failed";
  const button = findPart(box, "[data-run]", HTMLButtonElement);
  if (button) enable(button, !isBusy(box) && lab.isRunning);
}

/**
 * @param {HTMLElement} element
 * @param {boolean} isPassed
 */
function mark(element, isPassed) {
  element.dataset.passed = String(isPassed);
  part(element, "[data-passed-word]").hidden = !isPassed;
}

/**
 * @param {HTMLElement} article
 * @param {Step | undefined} step
 */
function renderStep(article, step) {
  const inside = parts(article, "[data-check]");
  const done = countPassed(inside);
  const isPassed = inside.length > 0 && done === inside.length;
  mark(article, isPassed);
  const link = findPart(document, `[data-step-link="${article.dataset.step}"]`);
  if (link) mark(link, isPassed);
  if (inside.length) {
    part(article, "progress", HTMLProgressElement).value = done;
    part(article, "[data-step-count]").textContent = fill(words.step_count, { done, total: inside.length });
  }
  const all = findPart(article, "[data-run-step]", HTMLButtonElement);
  if (all) enable(all, lab.isRunning && !inside.every(isBusy));
  const ask = findPart(article, "[data-ask]");
  if (ask) ask.hidden = !step?.can_ask;
  renderSolution(article, step?.solution_html ?? "");
}

/**
 * @param {HTMLElement} article
 * @param {string} html
 */
function renderSolution(article, html) {
  const box = part(article, "[data-solution]", HTMLDetailsElement);
  // eslint-disable-next-line no-restricted-syntax -- sanitised, as hints are
  if (box.hidden === Boolean(html)) part(article, "[data-solution-text]").innerHTML = html;
  box.hidden = !html;
  if (!html || asked !== article.dataset.step) return;
  asked = undefined;
  box.open = true;
  part(box, "summary").focus();
}

/**
 * Say that all is done, below the last step, and show it to whoever has just done it.
 * @param {boolean} isComplete
 */
function praise(isComplete) {
  const line = get("lab-done");
  const said = isComplete ? words.all : "";
  if (line.textContent === said) return;
  line.textContent = said;
  if (said) line.scrollIntoView({ block: "nearest" });
}

lab.onChange((state) => {
  const checks = new Map((state?.checks ?? []).map((check) => [String(check.id), check]));
  const steps = new Map((state?.steps ?? []).map((step) => [String(step.id), step]));
  for (const box of boxes) renderCheck(box, checks.get(box.dataset.check ?? "") ?? NEW);
  for (const article of articles) renderStep(article, steps.get(article.dataset.step ?? ""));
  const done = countPassed(boxes);
  const bar = get("checks-bar", HTMLProgressElement);
  bar.max = boxes.length || 1;
  bar.value = done;
  get("checks-count").textContent = boxes.length ? fill(words.count, { done, total: boxes.length }) : "";
  praise(boxes.length > 0 && done === boxes.length);
});

for (const box of boxes) {
  findPart(box, "[data-run]")?.addEventListener("click", () => lab.act(`checks/${box.dataset.check}`));
}
for (const article of articles) {
  const id = article.dataset.step;
  findPart(article, "[data-run-step]")?.addEventListener("click", () => lab.act(`steps/${id}/checks`));
  const button = findPart(article, "[data-show-solution]", HTMLButtonElement);
  button?.addEventListener("click", async () => {
    asked = id;
    button.disabled = true;
    if (!(await lab.act(`steps/${id}/solution`))) asked = undefined;
    button.disabled = false;
  });
}
