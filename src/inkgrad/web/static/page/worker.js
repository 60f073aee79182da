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

const learner = new Learner();
let strokes = [];

self.addEventListener("message", ({ data: { id, method, arguments: given, kept } }) => {
  try {
    const all = method === "see" ? [completed(given[0], kept)] : given;
    self.postMessage({ id, result: learner[method](...all) });
  } catch (error) {
    self.postMessage({ id, error: { name: error.name, message: error.message } });
  }
});

function completed(drawing, kept) {
  strokes = Array.isArray(drawing) ? [...strokes.slice(0, kept), ...drawing] : [];
  return Array.isArray(drawing) ? strokes : drawing;
}
