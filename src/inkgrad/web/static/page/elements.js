/**
 * Making elements of the page in one line each.
 *
 * @module
 */

/**
 * @template {string} N
 * @typedef {N extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[N] : HTMLElement} Named
 */

/**
 * The type of the element that "p.note" means.
 *
 * @template {string} T
 * @typedef {T extends `${infer N}.${string}` ? Named<N> : Named<T>} Made
 */

/**
 * Return a new element.
 *
 * @template {string} T
 * @param {T} tag its name, with classes as in CSS: "p.note"
 * @param {Record<string, unknown>} [properties] what to set: properties of elements ("disabled",
 *   "textContent", "onclick" …); names with a hyphen, and "role", are set as attributes
 * @param {...(Node | string)} children
 * @returns {Made<T>}
 *
 * @example
 * make("button.main", { type: "button", onclick: save }, "Save");
 */
export function make(tag, properties = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  /** @type {HTMLElement & Record<string, any>} */
  const element = document.createElement(name);
  element.classList.add(...classes);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-") || key === "role") element.setAttribute(key, String(value));
    else element[key] = value;
  }
  element.append(...children);
  return /** @type {Made<T>} */ (/** @type {unknown} */ (element));
}

/**
 * Return a new element of an SVG picture.
 *
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {SVGElement}
 */
export function makeSvg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * Return a new push-button.
 *
 * @param {string} label
 * @param {() => void} onclick
 * @param {string} [kind] a class: "main" for the one thing to do next, "quiet" for an aside
 * @returns {HTMLButtonElement}
 */
export function makeButton(label, onclick, kind = "") {
  return make(
    kind ? /** @type {"button.kind"} */ (`button.${kind}`) : "button",
    { type: "button", onclick },
    label,
  );
}

/**
 * Return the page's element with an id.
 *
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 * @throws {TypeError} if it is of another kind, or there is none
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new TypeError(`#${id}`);
}

/**
 * Return what draws on a canvas.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 * @returns {CanvasRenderingContext2D} null is for canvases that have a context of another kind
 */
export function contextOf(canvas, settings) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", settings));
}

/**
 * Write a share of one as per cent, never 100 or 0 where it is not quite.
 *
 * @param {number} share
 * @returns {string}
 *
 * @example
 * [0.934, 0.9999, 0.0004].map(percent); // ["93 %", "> 99 %", "< 1 %"]
 */
export function percent(share) {
  if (share > 0.99 && share < 1) return "> 99 %";
  if (share < 0.01 && share > 0) return "< 1 %";
  return `${Math.round(100 * share)} %`;
}
