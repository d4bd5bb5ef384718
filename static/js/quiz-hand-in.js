// @ts-nocheck -- its types aren't told yet
// Handing in: a last look, then the site is told. Without the site, or signed out, the page stays with all that is in it.
import { isSignedIn, send } from "./send.js";
import { strings } from "./site.js";

const PATIENCE_MS = 15000;
const words = strings();

/** Let the form be handed in; `page` is what the attempt's page can do. */
export function handIn(form, page) {
  const review = document.getElementById("review");
  const problem = review.querySelector("[data-problem]");
  const confirm = review.querySelector("[data-confirm-submit]");

  form.addEventListener("submit", async (event) => {
    if (page.isLeaving()) return;
    event.preventDefault();
    const isAllSaved = await page.flushAll();
    review.querySelector("[data-summary]").textContent = page.summary(isAllSaved);
    problem.textContent = "";
    review.showModal();
  });

  confirm.addEventListener("click", async () => {
    confirm.disabled = true;
    problem.textContent = "";
    await page.flushAll();
    const response = await send("POST", form.action, undefined, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
    const found = await response?.json().catch(() => null);
    confirm.disabled = false;
    if (response?.ok && found?.state === "closed") {
      page.handedIn(found.closed_by);
      return page.leave();
    }
    if (!isSignedIn()) return review.close(); // the way to sign in is beneath
    problem.textContent = (response?.status === 403 && found?.detail) || words.nothanded;
  });

  review.querySelector("[data-close]").addEventListener("click", () => review.close());
}
