// @ts-nocheck -- its types aren't told yet
// The steps of the lab page: their checks, how far the student is, and the solutions they may read.
import { act, fill, get, onState, stateName, words } from "./lab-state.js";

const NEW = { state: "idle", is_passed: false, output: "", hint_html: null };
const articles = [...document.querySelectorAll("[data-step]")];
const boxes = [...document.querySelectorAll("[data-check]")];
// A solution opens by itself where its student has just asked for it.
let asked = null;
// The button that lost the focus because it can't be pressed meanwhile.
let left = null;

const isBusy = (box) => ["queued", "running"].includes(box.dataset.state);

/** Let a button be pressed or not; whoever pressed it by keyboard is there again afterwards. */
function enable(button, isOn) {
  if (!isOn && document.activeElement === button) left = button;
  button.disabled = !isOn;
  if (!isOn || left !== button) return;
  left = null;
  if (document.activeElement === document.body) button.focus();
}

/** Return what to say of a check: one that passed on a machine before counts, also where it fails on this one. */
function stateWord({ state, is_passed: isPassed }) {
  if (state === "idle") return isPassed ? "passed" : "";
  return state === "failed" && isPassed ? "lost" : state;
}

function renderCheck(box, check) {
  box.dataset.state = check.state;
  box.dataset.passed = String(check.is_passed);
  const said = fill(words[`check_${stateWord(check)}`] ?? "", { seconds: box.dataset.timeout });
  const line = box.querySelector(".check-state");
  if (line.textContent !== said) line.textContent = said;
  const output = box.querySelector(".check-output");
  output.textContent = check.output;
  output.hidden = !check.output || isBusy(box);
  const hint = box.querySelector(".check-hint");
  hint.hidden = !check.hint_html;
  // eslint-disable-next-line no-restricted-syntax -- sanitised by the site when the lab was imported
  if (check.hint_html) hint.innerHTML = check.hint_html;
  const button = box.querySelector("[data-run]");
  if (button) enable(button, !isBusy(box) && stateName() === "running");
}

function mark(element, isPassed) {
  element.dataset.passed = String(isPassed);
  element.querySelector("[data-passed-word]").hidden = !isPassed;
}

function renderStep(article, step) {
  const inside = [...article.querySelectorAll("[data-check]")];
  const done = inside.filter((box) => box.dataset.passed === "true").length;
  const isPassed = inside.length > 0 && done === inside.length;
  mark(article, isPassed);
  const link = document.querySelector(`[data-step-link="${article.dataset.step}"]`);
  if (link) mark(link, isPassed);
  if (inside.length) {
    article.querySelector("progress").value = done;
    article.querySelector("[data-step-count]").textContent = fill(words.step_count, { done, total: inside.length });
  }
  const all = article.querySelector("[data-run-step]");
  if (all) enable(all, stateName() === "running" && !inside.every(isBusy));
  const ask = article.querySelector("[data-ask]");
  if (ask) ask.hidden = !step?.can_ask;
  renderSolution(article, step?.solution_html ?? null);
}

function renderSolution(article, html) {
  const box = article.querySelector("[data-solution]");
  // eslint-disable-next-line no-restricted-syntax -- sanitised, as hints are
  if (box.hidden === Boolean(html)) article.querySelector("[data-solution-text]").innerHTML = html ?? "";
  box.hidden = !html;
  if (!html || asked !== article.dataset.step) return;
  asked = null;
  box.open = true;
  box.querySelector("summary").focus();
}

/** Say that all is done, below the last step, and show it to whoever has just done it. */
function praise(isComplete) {
  const line = get("lab-done");
  const said = isComplete ? words.all : "";
  if (line.textContent === said) return;
  line.textContent = said;
  if (said) line.scrollIntoView({ block: "nearest" });
}

onState((state) => {
  const checks = new Map((state?.checks ?? []).map((check) => [String(check.id), check]));
  const steps = new Map((state?.steps ?? []).map((step) => [String(step.id), step]));
  for (const box of boxes) renderCheck(box, checks.get(box.dataset.check) ?? NEW);
  for (const article of articles) renderStep(article, steps.get(article.dataset.step));
  const done = boxes.filter((box) => box.dataset.passed === "true").length;
  get("checks-bar").max = boxes.length || 1;
  get("checks-bar").value = done;
  get("checks-count").textContent = boxes.length ? fill(words.count, { done, total: boxes.length }) : "";
  praise(boxes.length > 0 && done === boxes.length);
});

for (const box of boxes) {
  box.querySelector("[data-run]")?.addEventListener("click", () => act(`checks/${box.dataset.check}`));
}
for (const article of articles) {
  const id = article.dataset.step;
  article.querySelector("[data-run-step]")?.addEventListener("click", () => act(`steps/${id}/checks`));
  article.querySelector("[data-show-solution]")?.addEventListener("click", async (event) => {
    asked = id;
    event.target.disabled = true;
    if (!(await act(`steps/${id}/solution`))) asked = null;
    event.target.disabled = false;
  });
}
