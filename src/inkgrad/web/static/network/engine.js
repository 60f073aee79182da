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
/** @typedef {import("./network.js").Stage} Stage */
/** @typedef {import("../layers/layer.js").Floats} Floats */
/** @typedef {Record<string, Float32Array>} Parameters by full name: "conv1.weight", … */

/**
 * What comes of an input, in its type of numbers.
 *
 * @template {Floats} [T=Float32Array]
 * @typedef {object} Pass
 * @property {T[]} outputs [0] is x, [i + 1] what `network.layers[i]` gives; the last are
 *   the logits. A Flatten gives the very array that it is given.
 * @property {any[]} saved what each layer's backward pass needs
 */

/**
 * Carry a network out.
 *
 * @template {Floats} T
 * @param {Network} network
 * @param {Record<string, Floats>} parameters
 * @param {T} x the input's numbers, in order; with a Float64Array all is done in doubles
 * @returns {Pass<T>}
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
  const derivatives = [dlogits];
  /** @type {Parameters} */
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
 * @param {Record<string, Floats>} parameters
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

/**
 * Return one layer's parameters by their short names.
 *
 * @param {Stage} stage
 * @param {Record<string, Floats>} parameters
 */
function parametersOf({ name, parameterShapes }, parameters) {
  const keys = Object.keys(parameterShapes);
  return Object.fromEntries(keys.map((key) => [key, parameters[`${name}.${key}`]]));
}
