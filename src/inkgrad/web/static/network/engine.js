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
import { softmaxCrossEntropy } from "../layers/softmax.js";

/** @typedef {import("./network.js").Network} Network */
/** @typedef {Record<string, Float32Array>} Parameters by full name: "conv1.weight", … */

/**
 * @typedef {object} Pass
 * @property {Float32Array[]} outputs [0] is x, [i + 1] what `network.layers[i]` gives; the last are
 *   the logits. A Flatten gives the very array that it is given.
 * @property {object[]} saved what each layer's backward pass needs
 */

/**
 * Carry a network out.
 *
 * @param {Network} network
 * @param {Parameters} parameters
 * @param {Float32Array} x the input's numbers, in order; with a Float64Array all is done in doubles
 * @returns {Pass}
 * @throws {ShapeError} if x has another length than the network's input
 */
export function forward(network, parameters, x) {
  if (x.length !== volume(network.inputShape)) {
    throw new ShapeError(
      `the input has ${x.length} numbers; this network needs shape ` +
        inParentheses(network.inputShape),
    );
  }
  const outputs = [x];
  const saved = [];
  for (const [i, stage] of network.layers.entries()) {
    const own = parametersOf(stage, parameters);
    const pass = stage.layer.forward(outputs[i], stage.inputShape, own);
    outputs.push(pass.y);
    saved.push(pass.saved);
  }
  return { outputs, saved };
}

/**
 * Return what the right answer teaches: the chain rule, last layer to first.
 *
 * @param {Network} network
 * @param {Parameters} parameters those of the pass
 * @param {Pass} pass
 * @param {number} label the right class's index
 * @returns {{loss: number, probabilities: Float32Array, derivatives: Float32Array[],
 *   gradients: Parameters}} derivatives[i] is dL/d(outputs[i])
 * @throws {ShapeError} if there is no such class
 */
export function backward(network, parameters, { outputs, saved }, label) {
  const { loss, probabilities, dlogits } = softmaxCrossEntropy(outputs[outputs.length - 1], label);
  const derivatives = [dlogits];
  const found = {};
  for (let i = network.layers.length - 1; i >= 0; i--) {
    const { name, layer } = network.layers[i];
    const { dx, gradients } = layer.backward(derivatives[0], saved[i]);
    derivatives.unshift(dx);
    for (const [key, gradient] of Object.entries(gradients)) found[`${name}.${key}`] = gradient;
  }
  const names = Object.keys(network.parameters); // in order, as the parameters are
  const gradients = Object.fromEntries(names.map((name) => [name, found[name]]));
  return { loss, probabilities, derivatives, gradients };
}

/**
 * Return the loss, all in doubles: exact enough to see what a nudge of one weight does to it.
 *
 * @param {Network} network
 * @param {Record<string, Float32Array | Float64Array>} parameters
 * @param {Float32Array} x
 * @param {number} label
 * @returns {number}
 */
export function lossOf(network, parameters, x, label) {
  const { outputs } = forward(network, parameters, Float64Array.from(x));
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

/** Return one layer's parameters by their short names. */
function parametersOf({ name, parameterShapes }, parameters) {
  const keys = Object.keys(parameterShapes);
  return Object.fromEntries(keys.map((key) => [key, parameters[`${name}.${key}`]]));
}
