// Elements of the page with their kind: one that a template lacks, or has as another kind, is an error with its name.

/**
 * Return the element with that ID, of that kind.
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function get(id, kind) {
  return present(find(id, kind), `#${id}`);
}

/**
 * Return the element with that ID; null where the page has none.
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [kind]
 * @returns {T | null}
 */
export function find(id, kind) {
  return checked(document.getElementById(id), `#${id}`, kind);
}

/**
 * Return the first element in `root` that the selector names.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function part(root, selector, kind) {
  return present(findPart(root, selector, kind), selector);
}

/**
 * Return the first element in `root` that the selector names; null where there is none.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [kind]
 * @returns {T | null}
 */
export function findPart(root, selector, kind) {
  return checked(root.querySelector(selector), selector, kind);
}

/**
 * Return the elements in `root` that the selector names.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [kind]
 * @returns {T[]}
 */
export function parts(root, selector, kind) {
  return Array.from(root.querySelectorAll(selector), (element) => present(checked(element, selector, kind), selector));
}

/**
 * Return the element around the event's target (or that itself) which the selector names, if any.
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function around(event, selector) {
  return event.target instanceof Element ? event.target.closest(selector) : null;
}

/**
 * Make an element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Partial<HTMLElementTagNameMap[K]>} [properties]
 * @param {...(Node | string)} content
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...content) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...content);
  return element;
}

/**
 * Return a copy of the one element in the template with that ID.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function copyOf(id) {
  const inner = present(get(id, HTMLTemplateElement).content.firstElementChild, `#${id}`);
  return /** @type {HTMLElement} */ (inner.cloneNode(true));
}

/**
 * @template T
 * @param {T | null} element
 * @param {string} name
 * @returns {T}
 */
function present(element, name) {
  if (element === null) throw new Error(`The page has no ${name}.`);
  return element;
}

/**
 * @template {Element} T
 * @param {Element | null} element
 * @param {string} name
 * @param {(new () => T) | undefined} kind
 * @returns {T | null}
 */
function checked(element, name, kind) {
  if (element && kind && !(element instanceof kind)) throw new TypeError(`${name} is no ${kind.name}.`);
  return /** @type {T | null} */ (element);
}
