// A break: its clock, and going on when it is over or somebody has ended it elsewhere.
import { get, part } from "./dom.js";
import { send } from "./send.js";
import { siteClock } from "./site-clock.js";

const LOOK_MS = 5000;
const TICK_MS = 500;

const box = get("break");
const clock = part(box, "[data-clock]");
const until = Date.parse(box.dataset.until ?? "");
const goOn = () => location.assign(box.dataset.goOn ?? "");

siteClock.measurePage(box.dataset.now ?? "");
setInterval(() => {
  const left = Math.max(0, Math.ceil((until - siteClock.now()) / 1000));
  clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  if (left === 0) goOn();
}, TICK_MS);
setInterval(async () => {
  if (document.hidden) return;
  const sentAt = performance.now();
  const response = await send("GET", `/attempts/${box.dataset.attempt}/answers`, undefined, { cache: "no-store" }).catch(() => null);
  const attempt = response?.ok ? await response.json().catch(() => null) : null;
  if (attempt?.now) siteClock.measure(attempt.now, sentAt, performance.now());
  if (attempt && (!attempt.is_on_break || attempt.state === "closed")) goOn();
}, LOOK_MS);
