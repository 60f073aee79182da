/**
 * Softmax with cross-entropy: how surprised the network was by the right answer.
 *
 * The twin of `inkgrad/layers/softmax.py`, which derives why the gradient is p − t.
 *
 * @module
 */

import { ShapeError } from "../errors.js";

/**
 * Return the logarithms of the softmax probabilities, without overflow.
 *
 * Taking the largest off every logit changes no probability and makes every exponent ≤ 0.
 *
 * @param {Float32Array | Float64Array} logits
 * @returns {Float64Array}
 */
export function logSoftmax(logits) {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const logarithms = Float64Array.from(logits, (z) => z - largest);
  const total = Math.log(logarithms.reduce((sum, z) => sum + Math.exp(z), 0));
  return logarithms.map((z) => z - total);
}

/**
 * Return logits as probabilities: p_k = e^{z_k} / Σ_l e^{z_l}.
 *
 * @param {Float32Array | Float64Array} logits
 * @returns {Float32Array | Float64Array} of the same type
 *
 * @example
 * softmax(Float32Array.of(0, 0, Math.log(2))); // Float32Array [0.25, 0.25, 0.5]
 */
export function softmax(logits) {
  return logits.constructor.from(logSoftmax(logits), Math.exp);
}

/**
 * Return the loss of one drawing, −log of the probability of its class, and what comes of it.
 *
 * @param {Float32Array | Float64Array} logits
 * @param {number} label the right class's index
 * @returns {{loss: number, probabilities: object, dlogits: object}} dlogits is p − t, with t 1
 *   for the right class and 0 elsewhere
 * @throws {ShapeError} if there is no such class
 *
 * @example
 * softmaxCrossEntropy(Float32Array.of(0, 0, Math.log(2)), 2);
 * // {loss: 0.6931…, probabilities: [0.25, 0.25, 0.5], dlogits: [0.25, 0.25, -0.5]}
 */
export function softmaxCrossEntropy(logits, label) {
  if (!Number.isInteger(label) || label < 0 || label >= logits.length) {
    throw new ShapeError(
      `labels must run from 0 to ${logits.length - 1}, but one is ${String(label)}`,
    );
  }
  const logarithms = logSoftmax(logits);
  const probabilities = softmax(logits);
  const dlogits = logits.constructor.from(logarithms, (z, k) => Math.exp(z) - (k === label ? 1 : 0));
  return { loss: -logarithms[label], probabilities, dlogits };
}
