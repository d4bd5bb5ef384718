// A quiz attempt that saves every answer by itself. An answer is kept in this browser until the site has confirmed it.
import { send, strings, toast } from "./site.js";

const form = document.getElementById("attempt");
const words = strings();
const store = `yurt-attempt-${form.dataset.attempt}`;
const receipt = document.getElementById("receipt");
const bar = document.getElementById("saved-bar");
const total = Number(form.dataset.total);
const items = new Map([...form.querySelectorAll("[data-position]")].map((box) => [Number(box.dataset.position), new Item(box)]));
let isLeaving = false;
let savedCount = Number(form.dataset.saved);
let savedAt = null;
const NUMBER = /^[+\-\u2212]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?$/i;

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
}

/** One question: its field, the revision that the site keeps, and what isn't confirmed yet. */
function Item(box) {
  this.box = box;
  this.position = Number(box.dataset.position);
  this.kind = box.dataset.kind;
  this.revision = Number(box.dataset.revision);
  this.pending = null; // {revision, response} not confirmed yet
  this.isSending = false;
  this.hasFailed = false;
  this.timer = 0;
  this.wait = 1000;
}

Item.prototype.read = function () {
  const inputs = [...this.box.querySelectorAll("input")];
  if (this.kind === "multiple") return inputs.filter((input) => input.checked).map((input) => input.value);
  if (this.kind === "single") return inputs.find((input) => input.checked)?.value ?? null;
  return inputs[0].value;
};

Item.prototype.show = function (response) {
  for (const input of this.box.querySelectorAll("input")) {
    if (input.type === "text") input.value = response ?? "";
    else input.checked = this.kind === "multiple" ? (response ?? []).includes(input.value) : response === input.value;
  }
};

/** Say whether the field holds something else than the page came with. */
Item.prototype.isTouched = function () {
  return [...this.box.querySelectorAll("input")].some((input) =>
    input.type === "text" ? input.value !== input.defaultValue : input.checked !== input.defaultChecked,
  );
};

Item.prototype.isDoubtful = function (response) {
  return this.kind === "numeric" && Boolean(response?.trim()) && !NUMBER.test(response.trim());
};

Item.prototype.say = function (text, tone = "") {
  const line = this.box.querySelector("[data-state]");
  line.textContent = text;
  line.dataset.tone = tone;
};

Item.prototype.change = function (delay) {
  const highest = Math.max(this.revision, this.isSending ? (this.pending?.revision ?? 0) : 0);
  this.pending = { revision: highest + 1, response: this.read() };
  keep();
  this.say(words.saving);
  clearTimeout(this.timer);
  this.timer = setTimeout(() => this.flush(), delay);
};

Item.prototype.flush = async function () {
  clearTimeout(this.timer);
  if (!this.pending || this.isSending) return;
  const sent = this.pending;
  this.isSending = true;
  let response;
  try {
    response = await send("PUT", `/attempts/${form.dataset.attempt}/items/${this.position}`, sent);
  } catch {
    response = null;
  }
  this.isSending = false;
  this.hasFailed = false;
  const isLatest = this.pending === sent;
  if (response?.ok) {
    const kept = await response.json();
    this.revision = kept.revision;
    this.wait = 1000;
    if (isLatest) {
      this.pending = null;
      this.say(this.isDoubtful(sent.response) ? words.doubtful : words.saved);
    }
    savedCount = kept.saved;
    savedAt = kept.saved_at;
  } else if (response?.status === 409) {
    const newer = await response.json();
    this.revision = newer.revision;
    if (isLatest) {
      this.pending = null;
      this.show(newer.response);
      this.say(words.newer);
    } else this.pending.revision = newer.revision + 1;
  } else if (response?.status === 410) {
    over();
    return;
  } else if (response?.status === 422) {
    const problem = await response.json();
    if (isLatest) this.pending = null;
    this.say(words.invalid + problem.detail, "bad");
  } else {
    if (response?.status === 401 || response?.redirected) toast(words.signin, "bad");
    this.hasFailed = true;
    this.say(words.unsaved, "bad");
    this.timer = setTimeout(() => this.flush(), this.wait);
    this.wait = Math.min(this.wait * 2, 15000);
  }
  keep();
  showReceipt();
  if (this.pending && !isLatest) this.flush();
};

function keep() {
  const waiting = [...items.values()].filter((item) => item.pending);
  try {
    if (waiting.length) localStorage.setItem(store, JSON.stringify(waiting.map((item) => [item.position, item.pending])));
    else localStorage.removeItem(store);
  } catch {
    // A browser without storage still saves at the site.
  }
}

function showReceipt() {
  const failed = [...items.values()].filter((item) => item.hasFailed).length;
  receipt.dataset.tone = failed ? "bad" : "";
  if (failed) receipt.textContent = fill(words.offline, { count: failed });
  else if (savedAt) receipt.textContent = fill(words.receipt, { saved: savedCount, total, time: new Date(savedAt).toLocaleTimeString() });
  else receipt.textContent = fill(words.count, { saved: savedCount, total });
  bar.value = savedCount;
}

function restore() {
  // Whoever answered before this ran, on a slow network, wasn't heard.
  const early = [...items.values()].filter((item) => item.isTouched());
  let kept = [];
  try {
    kept = JSON.parse(localStorage.getItem(store) ?? "[]");
  } catch {
    kept = [];
  }
  for (const [position, pending] of kept) {
    const item = items.get(position);
    if (!item || early.includes(item)) continue;
    item.show(pending.response);
    item.pending = pending;
    item.flush();
  }
  for (const item of early) item.change(0);
}

function over() {
  isLeaving = true;
  try {
    localStorage.removeItem(store);
  } catch {
    // nothing was kept
  }
  toast(words.over, "warn");
  setTimeout(() => location.assign(form.dataset.result), 1500);
}

async function flushAll() {
  await Promise.race([
    Promise.all([...items.values()].map((item) => item.flush())),
    new Promise((resolve) => setTimeout(resolve, 4000)),
  ]);
  return ![...items.values()].some((item) => item.pending);
}

form.addEventListener("input", (event) => {
  const box = event.target.closest("[data-position]");
  if (box) items.get(Number(box.dataset.position)).change(event.target.type === "text" ? 400 : 0);
});
form.addEventListener("keydown", (event) => {
  // Enter in a field goes on to the next question instead of handing in.
  if (event.key === "Enter" && event.target.matches("input")) {
    event.preventDefault();
    const next = items.get(Number(event.target.closest("[data-position]").dataset.position) + 1);
    (next ? next.box.querySelector("input") : document.getElementById("hand-in")).focus();
  }
});

const review = document.getElementById("review");
form.addEventListener("submit", async (event) => {
  if (isLeaving) return;
  event.preventDefault();
  const isAllSaved = await flushAll();
  const open = total - [...items.values()].filter((item) => [].concat(item.read() ?? []).join("").trim()).length;
  const waiting = [...items.values()].filter((item) => item.pending).length;
  review.querySelector("[data-summary]").textContent = [
    open ? fill(words.open, { count: open, total }) : words.all,
    isAllSaved ? "" : fill(words.offline, { count: waiting }),
  ].join(" ");
  review.showModal();
});
review.querySelector("[data-confirm-submit]").addEventListener("click", async () => {
  await flushAll();
  isLeaving = true;
  keep();
  form.submit();
});
review.querySelector("[data-close]").addEventListener("click", () => review.close());

addEventListener("online", () => items.forEach((item) => item.flush()));
addEventListener("beforeunload", (event) => {
  if (!isLeaving && [...items.values()].some((item) => item.pending)) event.preventDefault();
});

if (form.dataset.deadline) {
  // The site's clock counts, whatever this device says.
  const offset = new Date(form.dataset.now) - Date.now();
  const deadline = new Date(form.dataset.deadline).getTime();
  const clock = document.querySelector("[data-clock]");
  const warning = document.getElementById("time-warning");
  const told = new Set();
  const tick = () => {
    const left = Math.max(0, Math.ceil((deadline - Date.now() - offset) / 1000));
    const minutes = Math.floor(left / 60);
    clock.textContent = `${minutes}:${String(left % 60).padStart(2, "0")}`;
    document.getElementById("timer").classList.toggle("timer-soon", left <= 60);
    for (const [at, text] of [[300, words.minutes], [60, words.minute]]) {
      if (left <= at && left > at - 5 && !told.has(at)) {
        told.add(at);
        warning.textContent = text;
      }
    }
    if (left === 0) {
      clearInterval(timer);
      flushAll().then(() => {
        if (!isLeaving) over();
      });
    }
  };
  const timer = setInterval(tick, 500);
  tick();
}
restore();
