/**
 * The worker's entry: it answers the page's messages, so that drawing never waits for thinking.
 *
 * A message {id, method, arguments} is a call of a `Learner`'s method; its answer is {id, result}
 * or {id, error: {name, message}}. Messages are answered one after the other, in order.
 *
 * @module
 */

import { Learner } from "../network/learner.js";

const learner = new Learner();

self.addEventListener("message", ({ data: { id, method, arguments: given } }) => {
  try {
    self.postMessage({ id, result: learner[method](...given) });
  } catch (error) {
    self.postMessage({ id, error: { name: error.name, message: error.message } });
  }
});
