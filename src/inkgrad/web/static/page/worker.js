/**
 * The worker's entry: it answers the page's messages, so that drawing never waits for thinking.
 *
 * A message {id, method, arguments} is a call of a `Learner`'s method; its answer is {id, result}
 * or {id, error: {name, message}}. Messages are answered one after the other, in order. Of a
 * drawing that is to be seen, only the strokes after the first `kept` ones are sent: those are here
 * already.
 *
 * @module
 */

import { Learner } from "../network/learner.js";

/** @typedef {import("../drawing/strokes.js").Drawing} Drawing */

/** @typedef {Record<string, (...given: any[]) => unknown>} Methods by name */

const learner = /** @type {Methods} */ (/** @type {unknown} */ (new Learner()));
/** @type {Drawing[number][]} */
let strokes = [];

addEventListener("message", ({ data: { id, method, arguments: given, kept } }) => {
  try {
    const all = method === "see" ? [completed(given[0], kept), ...given.slice(1)] : given;
    postMessage({ id, result: learner[method](...all) });
  } catch (error) {
    const { name, message } = /** @type {Error} */ (error);
    postMessage({ id, error: { name, message } });
  }
});

/**
 * @param {Drawing} drawing
 * @param {number} kept
 */
function completed(drawing, kept) {
  strokes = Array.isArray(drawing) ? [...strokes.slice(0, kept), ...drawing] : [];
  return Array.isArray(drawing) ? strokes : drawing;
}
