// @ts-nocheck -- its types aren't told yet
// Sends one answer, and says what became of it.
import { send } from "./send.js";
import { measure } from "./site-clock.js";
import { forget } from "./quiz-kept.js";

const PATIENCE_MS = 15000;

/**
 * Send an edit. Resolves to {outcome, body, wait}: "saved"; "lost", the site has a later answer and keeps this one beside
 * it; "over", the attempt is closed (`body.is_kept_as_late`: this one is kept beside the graded one); "refused", it can't
 * be an answer; "forbidden"; or "failed", try again, after `wait` ms where the site says so. What the site has is forgotten here.
 */
export async function sendEdit(edit, options = {}) {
  const { attempt, position, ...body } = edit;
  const sentAt = performance.now();
  let response;
  try {
    response = await send("PUT", `/attempts/${attempt}/items/${position}`, body, { signal: AbortSignal.timeout(PATIENCE_MS), ...options });
  } catch {
    return { outcome: "failed", body: {}, wait: 0 };
  }
  const cameAt = performance.now();
  const found = await response.json().catch(() => ({}));
  if (found.now) measure(found.now, sentAt, cameAt);
  const wait = 1000 * (Number(response.headers.get("Retry-After")) || 0);
  const outcome = response.ok ? "saved" : { 403: "forbidden", 409: "lost", 410: "over", 422: "refused" }[response.status] ?? "failed";
  // Proxies and full sites answer such numbers, too: an answer counts as settled by what our site alone says.
  if ((outcome === "saved" || outcome === "lost") && !Number.isInteger(found.revision)) return { outcome: "failed", body: found, wait };
  if (outcome === "over" && !found.closed_by) return { outcome: "failed", body: found, wait };
  if (outcome === "saved" || outcome === "lost" || (outcome === "over" && found.is_kept_as_late)) forget(edit);
  return { outcome, body: found, wait };
}
