/**
 * The engine in the page: a network's forward and backward pass, one drawing at a time.
 *
 * The twin of `inkgrad/engines/reference.py`: the layers as they stand, one after the other. Every
 * intermediate result is handed out, since showing them is what it is for.
 *
 * @module
 */

import { ShapeError } from "../errors.js";
import { inParentheses, volume } from "../layers/layer.js";
import { backward as backwardInARow, forward as forwardInARow } from "../layers/row.js";
import { softmaxCrossEntropy } from "../layers/softmax.js";

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("../layers/layer.js").Floats} Floats */
/** @typedef {Record<string, Float32Array>} Parameters by full name: "conv1.weight", … */
/** @typedef {import("../layers/row.js").Pass} Pass of which the last outputs are the logits */

/**
 * Carry a network out.
 *
 * @template {Floats} T
 * @param {Network} network
 * @param {Record<string, Floats>} numbers parameters and statistics
 * @param {T} x the input's numbers, in order; with a Float64Array all is done in doubles
 * @returns {import("../layers/row.js").Pass<T>}
 * @throws {ShapeError} if x has another length than the network's input
 */
export function forward(network, numbers, x) {
  if (x.length !== volume(network.inputShape)) {
    throw new ShapeError(
      `the input has ${x.length} numbers; this network needs shape ` +
        inParentheses(network.inputShape),
    );
  }
  return forwardInARow(network.layers, x, numbers);
}

/**
 * What a right answer teaches: `derivatives[i]` is dL/d(outputs[i]).
 *
 * @typedef {object} Lesson
 * @property {number} loss
 * @property {Float32Array} probabilities
 * @property {Float32Array[]} derivatives
 * @property {Parameters} gradients
 */

/**
 * Return what the right answer teaches: the chain rule, last layer to first.
 *
 * @param {Network} network
 * @param {Pass} pass
 * @param {number} label the right class's index
 * @returns {Lesson}
 * @throws {ShapeError} if there is no such class
 */
export function backward(network, { outputs, saved }, label) {
  const { loss, probabilities, dlogits } = softmaxCrossEntropy(outputs[outputs.length - 1], label);
  const { derivatives, gradients: found } = backwardInARow(network.layers, saved, dlogits);
  const names = Object.keys(network.parameters); // in order, as the parameters are
  const gradients = Object.fromEntries(names.map((name) => [name, found[name]]));
  return { loss, probabilities, derivatives, gradients };
}

/**
 * Return the loss, all in doubles: exact enough to see what a nudge of one weight does to it.
 *
 * @param {Network} network
 * @param {Record<string, Floats>} numbers parameters and statistics
 * @param {Float32Array} x
 * @param {number} label
 * @returns {number}
 */
export function lossOf(network, numbers, x, label) {
  const { outputs } = forward(network, numbers, Float64Array.from(x));
  return softmaxCrossEntropy(outputs[outputs.length - 1], label).loss;
}

/**
 * Take a step of stochastic gradient descent: w − η dL/dw for every weight.
 *
 * @param {Parameters} parameters left as they are
 * @param {Parameters} gradients
 * @param {number} rate η
 * @returns {Parameters}
 *
 * @example
 * step({ w: Float32Array.of(1, 2) }, { w: Float32Array.of(4, -4) }, 0.25).w; // [0, 3]
 */
export function step(parameters, gradients, rate) {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, values]) => {
      const gradient = gradients[name];
      return [name, values.map((w, i) => w - rate * gradient[i])];
    }),
  );
}
