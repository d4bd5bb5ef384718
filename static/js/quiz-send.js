// Sends one answer, and says what became of it.
import { forget } from "./outbox.js";
import { send } from "./send.js";
import { siteClock } from "./site-clock.js";

/** @import { Edit, Sent } from "./types" */

const PATIENCE_MS = 15000;

/**
 * Send an edit. Resolves to {outcome, body, wait}: "saved"; "lost", the site has a later answer and keeps this one beside
 * it; "over", the attempt is closed (`body.is_kept_as_late`: this one is kept beside the graded one); "refused", it can't
 * be an answer; "forbidden"; or "failed", try again, after `wait` ms where the site says so. What the site has is forgotten here.
 * @param {Edit} edit
 * @param {RequestInit} [options]
 * @returns {Promise<Sent>}
 */
export async function sendEdit(edit, options = {}) {
  const { attempt, position, tab, revision, response: answered, typed_at } = edit;
  const body = { tab, revision, response: answered, typed_at };
  const sentAt = performance.now();
  let response;
  try {
    response = await send("PUT", `/attempts/${attempt}/items/${position}`, body, { signal: AbortSignal.timeout(PATIENCE_MS), ...options });
  } catch {
    return { outcome: "failed", body: {}, wait: 0 };
  }
  const cameAt = performance.now();
  const answer = await response.json().catch(() => ({}));
  if (answer.now) siteClock.measure(answer.now, sentAt, cameAt);
  const wait = 1000 * (Number(response.headers.get("Retry-After")) || 0);
  const outcome = outcomeOf(response, answer);
  if (outcome === "saved" || outcome === "lost" || (outcome === "over" && answer.is_kept_as_late)) forget(edit);
  return { outcome, body: answer, wait };
}

/**
 * Proxies and full sites answer such numbers, too: an answer counts as settled by what our site alone says.
 * @param {Response} response
 * @param {{revision?: unknown, closed_by?: unknown}} body
 * @returns {Sent["outcome"]}
 */
function outcomeOf({ ok, status }, body) {
  if (ok || status === 409) return Number.isInteger(body.revision) ? (ok ? "saved" : "lost") : "failed";
  if (status === 410) return body.closed_by ? "over" : "failed";
  return status === 403 ? "forbidden" : status === 422 ? "refused" : "failed";
}
