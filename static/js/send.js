// Requests of a page's scripts, in the name of the person whose page it is.
import { session } from "./session.js";

/**
 * Send a request to the site with the CSRF token; rejects on network faults only. What a session that went away refuses
 * is sent again with a fresh token; while the page's person isn't signed in, the answer is 401.
 * @param {string} method
 * @param {string} url
 * @param {unknown} [body]  sent as JSON
 * @param {RequestInit} [options]
 */
export async function send(method, url, body, options = {}) {
  const response = await request(method, url, body, options);
  if (!(await isOfSession(response))) return response;
  return (await session.check()) === "me" ? request(method, url, body, options) : response;
}

/**
 * @param {string} method
 * @param {string} url
 * @param {unknown} body
 * @param {RequestInit} options
 */
function request(method, url, body, options) {
  /** @type {Record<string, string>} */
  const headers = { "X-CSRFToken": session.token, "X-Yurt-Person": session.person, Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: "same-origin", ...options });
}

/**
 * Say whether the session is why a request was refused.
 * @param {Response} response
 */
async function isOfSession(response) {
  if (response.status === 401) return true;
  if (response.status !== 400) return false;
  const answer = await response.clone().json().catch(() => null);
  return answer?.code === "csrf";
}

/**
 * Return what a refusal says; `otherwise` where it says nothing, or there was no answer.
 * @param {Response | null} response
 * @param {string} otherwise
 * @returns {Promise<string>}
 */
export async function problem(response, otherwise) {
  const answer = await response?.json().catch(() => null);
  return answer?.detail ?? otherwise;
}
