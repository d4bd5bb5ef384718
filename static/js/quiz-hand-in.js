// Handing in: a review, then the request. If that fails, or nobody is signed in, the page keeps all that is in it.
import { get, part } from "./dom.js";
import { send } from "./send.js";
import { session } from "./session.js";
import { wait } from "./waiting.js";

/** @import { ClosedBy } from "./types" */

// When an exam ends, everybody hands in: that waits its turn.
const PATIENCE_MS = 120000;

/**
 * Let the form be handed in; `page` is what the attempt's page can do.
 * @param {HTMLFormElement} form
 * @param {Record<string, string>} words
 * @param {{
 *   isLeaving: boolean,
 *   flushAll: () => Promise<boolean>,
 *   summary: (isAllSaved: boolean) => string,
 *   handedIn: (by: ClosedBy) => void,
 * }} page
 */
export function handIn(form, words, page) {
  const review = get("review", HTMLDialogElement);
  const problem = part(review, "[data-problem]");
  const confirm = part(review, "[data-confirm-submit]", HTMLButtonElement);

  form.addEventListener("submit", async (event) => {
    if (page.isLeaving) return;
    event.preventDefault();
    const isAllSaved = await page.flushAll();
    part(review, "[data-summary]").textContent = page.summary(isAllSaved);
    problem.textContent = "";
    review.showModal();
  });

  confirm.addEventListener("click", async () => {
    confirm.disabled = true;
    problem.textContent = "";
    await page.flushAll();
    const summary = part(review, "[data-summary]");
    const said = summary.textContent;
    const end = wait({ show: (text) => (summary.textContent = text || said) });
    const response = await send("POST", form.action, undefined, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
    const answer = await response?.json().catch(() => null);
    end();
    confirm.disabled = false;
    if (response?.ok && answer?.state === "closed") return page.handedIn(answer.closed_by);
    if (!session.isMine) return review.close(); // the way to sign in is beneath
    problem.textContent = (response?.status === 403 && answer?.detail) || words.nothanded;
  });

  part(review, "[data-close]").addEventListener("click", () => review.close());
}
