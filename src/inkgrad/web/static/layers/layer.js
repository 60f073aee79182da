/**
 * What layers share: the checks of their settings, and the arithmetic of shapes.
 *
 * The twin of `inkgrad/layers/layer.py`. Every layer is a class of its settings, with
 *
 *     outputShape(inputShape), parameterShapes(inputShape), multiplyAdds(inputShape)
 *     forward(x, inputShape, parameters) → { y, saved }
 *     backward(dy, saved) → { dx, gradients }
 *
 * It holds nothing but its settings: what `backward` needs is handed out by `forward` as `saved`.
 * Unlike in Python there is one drawing at a time, and a picture is a typed array of its numbers in
 * (channel, row, column) order. Arrays have the type that they come in, so the same code shows
 * pictures in Float32Array and checks gradients in Float64Array; sums are doubles always, and only
 * results are rounded.
 *
 * @module
 */

import { ShapeError, inShort } from "../errors.js";

/** @typedef {number[]} Shape */

/**
 * Return a setting that must be a whole number.
 *
 * @param {unknown} value
 * @param {string} what how an error calls it
 * @returns {number}
 * @throws {ShapeError} if it is none, or less than 1
 */
export function wholeNumber(value, what) {
  if (!Number.isInteger(value) || value < 1) {
    throw new ShapeError(`${what} is ${inShort(value)}; give a whole number of at least 1`);
  }
  return value;
}

/**
 * Return a setting as [rows, columns], a single number standing for both.
 *
 * @param {unknown} value
 * @param {string} what how an error calls it
 * @param {number} [least]
 * @returns {[number, number]}
 * @throws {ShapeError} if it is neither a whole number nor two of them, or one is less than `least`
 *
 * @example
 * [pair(3, "filter size"), pair([5, 3], "filter size")]; // [[3, 3], [5, 3]]
 */
export function pair(value, what, least = 1) {
  const both = Array.isArray(value) ? value : [value, value];
  if (both.length !== 2 || !both.every((v) => Number.isInteger(v) && v >= least)) {
    throw new ShapeError(
      `${what} is ${inShort(value)}; ` +
        `give one or two (rows, columns) whole numbers of at least ${least}`,
    );
  }
  return [both[0], both[1]];
}

/**
 * Return how many places a window finds on an axis of length n: ⌊(n + 2p − f)/s⌋ + 1.
 *
 * @example
 * [outputLength(28, 3, 1, 1), outputLength(28, 2, 2)]; // [28, 14]
 */
export function outputLength(n, size, stride, padding = 0) {
  return Math.floor((n + 2 * padding - size) / stride) + 1;
}

/**
 * Return how many numbers an array of some shape holds.
 *
 * @param {Shape} shape
 * @returns {number}
 */
export function volume(shape) {
  return shape.reduce((product, length) => product * length, 1);
}

/**
 * Write a shape as Python does.
 *
 * @param {Shape} shape
 * @returns {string}
 *
 * @example
 * [inParentheses([1, 28, 28]), inParentheses([5])]; // ["(1, 28, 28)", "(5,)"]
 */
export function inParentheses(shape) {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}
