// The words of a page's scripts: blocks of JSON in its templates, `words-<name>` beside what they are for.
import { get } from "./dom.js";

/**
 * Return a block of words by its name.
 * @param {string} name
 * @returns {Record<string, string>}
 */
export const wordsOf = (name) => JSON.parse(get(`words-${name}`).textContent);

/**
 * Put values into the {places} of a text.
 * @param {string} text
 * @param {object} values
 */
export function fill(text, values) {
  const parts = new Map(Object.entries(values));
  return text.replace(/\{(\w+)\}/g, (_all, name) => String(parts.get(name)));
}

/**
 * Return the time of day of an ISO 8601 time, or of ms since 1970, as its reader writes it.
 * @param {string | number} time
 */
export const clock = (time) => new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

const UNITS = /** @type {const} */ ([
  { limit: 1e3, factor: 1, unit: "byte", unitDisplay: "long", maximumFractionDigits: 0 },
  { limit: 1e6, factor: 1e3, unit: "kilobyte", unitDisplay: "short", maximumFractionDigits: 0 },
  { limit: Infinity, factor: 1e6, unit: "megabyte", unitDisplay: "short", maximumFractionDigits: 1 },
]);
// Making a format takes far longer than using it, and a folder may have thousands of files.
/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/**
 * Show a number of bytes: "812 bytes", "34 kB", "1.2 MB".
 * @param {number} bytes
 */
export function byteSize(bytes) {
  const { factor, unit, unitDisplay, maximumFractionDigits } = UNITS.find(({ limit }) => bytes < limit) ?? UNITS[2];
  const format = formats.get(unit) ?? new Intl.NumberFormat([], { style: "unit", unit, unitDisplay, maximumFractionDigits });
  formats.set(unit, format);
  return format.format(bytes / factor);
}
