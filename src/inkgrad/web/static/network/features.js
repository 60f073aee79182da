/**
 * What a network remembers of its drawings: the twin of `inkgrad/features.py`.
 *
 * @module
 */

import { ModelError } from "../errors.js";
import { inParentheses } from "../layers/layer.js";

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./safetensors.js").Tensor} Tensor */

/**
 * What the last layer was given for some drawings of each class: class after class as many rows,
 * each of as many numbers as the layer has inputs.
 *
 * @typedef {{examples: Float32Array}} Features
 */

export const EXAMPLES = "features.examples"; // the tensor that a file may hold besides
const MOMENTS = ["features.mean", "features.deviation"]; // what older files hold in its place
const NUMBERS = 76800; // that a model file remembers

/**
 * Take the features out of a file's tensors; null if there are none.
 *
 * @param {Record<string, Tensor>} tensors without the features afterwards
 * @param {Network} network
 * @returns {Features | null}
 * @throws {ModelError} if they do not fit the network, or each other
 */
export function takeFeatures(tensors, network) {
  const names = Object.hasOwn(tensors, EXAMPLES)
    ? [EXAMPLES]
    : MOMENTS.filter((name) => Object.hasOwn(tensors, name));
  if (names.length === 0) return null;
  if (names.length === 1 && names[0] !== EXAMPLES) {
    throw new ModelError(`of ${MOMENTS.join(" and ")} only one is there; give both or neither`);
  }
  const taken = names.map((name) => tensors[name]);
  for (const name of names) delete tensors[name];
  const found = names[0] === EXAMPLES ? examplesOf(taken[0]) : examplesLike(taken[0], taken[1]);
  checkFit(found, network);
  return { examples: found.data };
}

/**
 * Return how many rows of each class a model remembers: one at least, 76,800 numbers in all.
 *
 * @param {number} classes
 * @param {number} inputs
 */
export function examplesPerClass(classes, inputs) {
  return Math.max(1, Math.floor(NUMBERS / Math.max(classes * inputs, 1)));
}

/**
 * Return examples as a file holds them.
 *
 * @param {Tensor} tensor
 * @returns {Tensor}
 */
function examplesOf(tensor) {
  check("examples", tensor, "(rows, inputs of the last layer)");
  return tensor;
}

/**
 * Make up examples that are spread as the features of each class were: mean + deviation · noise.
 *
 * Where no mean is below 0 the features come out of a ReLU, so no example is.
 *
 * @param {Tensor} mean
 * @param {Tensor} deviation
 * @returns {Tensor} with the same bits as in Python
 */
function examplesLike(mean, deviation) {
  check("mean", mean, "(classes, inputs of the last layer)");
  check("deviation", deviation, "(classes, inputs of the last layer)");
  if (String(mean.shape) !== String(deviation.shape)) {
    throw new ModelError(
      `features.mean has shape ${inParentheses(mean.shape)}, but features.deviation ` +
        `${inParentheses(deviation.shape)}; they must be of one shape`,
    );
  }
  if (deviation.data.some((spread) => spread < 0)) {
    throw new ModelError("features.deviation holds negative numbers; a spread is 0 or more");
  }
  const [classes, inputs] = mean.shape;
  const n = examplesPerClass(classes, inputs);
  const least = mean.data.some((average) => average < 0) ? -Infinity : 0;
  const data = new Float32Array(classes * n * inputs);
  for (let row = 0; row < classes * n; row++) {
    const first = Math.floor(row / n) * inputs;
    for (let f = 0; f < inputs; f++) {
      const at = row * inputs + f;
      const value = mean.data[first + f] + deviation.data[first + f] * noise(at);
      data[at] = Math.max(least, value);
    }
  }
  return examplesOf({ shape: [classes * n, inputs], data });
}

/**
 * Throw unless a tensor is a table of finite numbers.
 *
 * @param {string} name
 * @param {Tensor} tensor
 * @param {string} needed
 */
function check(name, { shape, data }, needed) {
  if (shape.length !== 2) {
    throw new ModelError(
      `features.${name} is float32 of shape ${inParentheses(shape)}; ` +
        `it must be float32 or float16 of shape ${needed}`,
    );
  }
  if (!data.every(Number.isFinite)) {
    throw new ModelError(`features.${name} holds numbers that are not finite`);
  }
}

/**
 * Throw unless features are of this network's classes and last layer.
 *
 * @param {Tensor} examples
 * @param {Network} network
 */
function checkFit({ shape }, network) {
  const { type, inputShape, outputShape } = network.layers[network.layers.length - 1];
  if (type !== "Dense") {
    throw new ModelError("there are features, but the network's last layer is not dense");
  }
  const [[classes], [inputs]] = [outputShape, inputShape];
  const [rows, columns] = shape;
  if (columns !== inputs || rows === 0 || rows % classes !== 0) {
    throw new ModelError(
      `features.examples has shape ${inParentheses(shape)}, but the network's last layer ` +
        `needs as many rows of ${inputs} for each of ${classes} classes`,
    );
  }
}

/**
 * Return a number of mean 0 and variance 1 for a place, a sum of four that are hashes (Wellons,
 * *Prospecting for Hash Functions*, 2018: lowbias32).
 *
 * @param {number} place
 */
function noise(place) {
  let sum = 0;
  for (let n = 4 * place; n < 4 * place + 4; n++) {
    let h = Math.imul(n, 0x9e3779b9);
    h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
    h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
    sum += ((h ^ (h >>> 15)) >>> 0) / 2 ** 32;
  }
  return (sum - 2) * Math.sqrt(3);
}
