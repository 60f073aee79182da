/**
 * What layers share: the checks of their settings, and the arithmetic of shapes.
 *
 * The twin of `inkgrad/layers/layer.py`. Every layer is a class of its settings, with
 *
 *     outputShape(inputShape), parameterShapes(inputShape), multiplyAdds(inputShape)
 *     forward(x, inputShape, numbers) → { y, saved }
 *     backward(dy, saved) → { dx, gradients }
 *
 * and, if it measures in training, stateShapes(inputShape). The page's networks answer only, also
 * where they take a step, so there are no modes: see `norm.js` and `dropout.js`.
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
/** @typedef {Float32Array | Float64Array} Floats */
/** @typedef {import("./explanation.js").Layer} Layer */
/** @typedef {import("./explanation.js").Scene} Scene */
/** @typedef {import("./explanation.js").LearnedScene} LearnedScene */
/** @typedef {import("./explanation.js").Explained} Explained */
/** @typedef {import("./formula.js").Formula} Formula */

/**
 * A layer of some kind and some settings. What it saves between its passes is its own business.
 *
 * @typedef {object} Operation
 * @property {(inputShape: Shape) => Shape} outputShape
 * @property {(inputShape: Shape) => Record<string, Shape>} parameterShapes by short name: "weight"
 * @property {(inputShape: Shape) => Record<string, Shape>} [stateShapes] of what it measures in
 *   training, by short name: "mean"
 * @property {(inputShape: Shape) => number} multiplyAdds for one drawing
 * @property {<T extends Floats>(x: T, inputShape: Shape, numbers: Record<string, Floats>) =>
 *   { y: T, saved: any }} forward is given what it learns and what it measures
 * @property {<T extends Floats>(dy: T, saved: any) =>
 *   { dx: T, gradients: Record<string, T> }} backward
 * @property {() => Record<string, unknown>} [plainSettings] of layers that hold layers
 */

/**
 * What is said of a layer: what it does, what it does backward (as a name and as a sentence), and
 * of the picture of its weights' gradients.
 *
 * @typedef {object} Words
 * @property {(layer: Layer) => string} y
 * @property {string} back
 * @property {(layer: Layer) => string} dx
 * @property {(layer: Layer) => string} [weights]
 */

/** @typedef {(explained: any) => string} Say a sentence about a number, as it was explained */

/**
 * Makes a layer from its configuration, and the name of its place for errors.
 *
 * @typedef {(entry: unknown, inside: string) => Operation} Make
 */

/**
 * A kind of layer: the class of a layer's file. Kinds that hold layers are handed what makes them.
 *
 * @typedef {object} Facts
 * @property {string} shortName "conv", of "conv1"
 * @property {string[]} needed settings
 * @property {string[]} optional settings
 * @property {Record<string, Formula>} formulas by what is computed: y, dx, weight, bias
 * @property {Words} words
 * @property {Record<string, Say>} says
 * @property {(layer: Layer, scene: Scene, index: number, cell: number, make: Make) => Explained}
 *   explain where a number comes from; `index` is the layer's place, `cell` the number's in what
 *   comes out
 * @property {(layer: Layer, scene: LearnedScene, index: number, cell: number, make: Make) =>
 *   Explained} explainDerivative the same of the derivative of what goes in
 * @property {(parameter: string, layer: Layer, scene: LearnedScene, index: number, cell: number,
 *   make: Make) => Explained} [explainGradient] the same of a parameter, of kinds that have some
 * @property {(settings: Record<string, unknown>, make: Make) => Record<string, unknown>}
 *   [withLayers] returns the settings with the layers in them made, of kinds that hold layers
 * @property {(layer: Layer, x: Float32Array) => Uint8Array} [blocked] of kinds that stop gradients
 */

/** @typedef {Facts & (new (settings: any) => Operation)} Kind */

/**
 * Return a setting that must be a whole number.
 *
 * @param {unknown} value
 * @param {string} what how an error calls it
 * @returns {number}
 * @throws {ShapeError} if it is none, or less than 1
 */
export function wholeNumber(value, what) {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1) {
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
 * Return a setting as [[top, bottom], [left, right]]: one number or a pair is meant for both sides.
 *
 * @param {unknown} value
 * @param {string} what how an error calls it
 * @returns {[[number, number], [number, number]]}
 * @throws {ShapeError} if it is neither one or two whole numbers nor two pairs of them, or one is
 *   negative
 *
 * @example
 * [bothSides(1, "padding"), bothSides([[0, 1], 2], "padding")];
 * // [[[1, 1], [1, 1]], [[0, 1], [2, 2]]]
 */
export function bothSides(value, what) {
  if (!Array.isArray(value) || !value.some(Array.isArray)) {
    const [rows, columns] = pair(value, what, 0);
    return [
      [rows, rows],
      [columns, columns],
    ];
  }
  if (value.length !== 2) {
    throw new ShapeError(`${what} is ${inShort(value)}; give ((top, bottom), (left, right))`);
  }
  return [pair(value[0], what, 0), pair(value[1], what, 0)];
}

/**
 * Return how many places a window finds on an axis of length n: ⌊(n + 2p − f)/s⌋ + 1.
 *
 * @param {number} n
 * @param {number} size f
 * @param {number} stride s
 * @param {number} [padding] p
 * @returns {number}
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
 * Return zeros in an array of another one's type.
 *
 * @template {Floats} T
 * @param {T} array
 * @param {number} length
 * @returns {T}
 *
 * @example
 * zerosLike(Float32Array.of(3), 2); // Float32Array [0, 0]
 */
export function zerosLike(array, length) {
  const type = /** @type {new (length: number) => T} */ (array.constructor);
  return new type(length);
}

/**
 * Write a shape, or any row of values, as Python does.
 *
 * @param {(number | string)[]} shape
 * @returns {string}
 *
 * @example
 * [inParentheses([1, 28, 28]), inParentheses([5])]; // ["(1, 28, 28)", "(5,)"]
 */
export function inParentheses(shape) {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}
