/**
 * Attribution: what of the input made a network answer as it does.
 *
 * The twin of `gradients.py` and `ablation.py` in `inkgrad/insight/attribution/`.
 *
 * @module
 */

import { ShapeError } from "../errors.js";
import { backward } from "../layers/row.js";
import { volume } from "../layers/layer.js";

/** @typedef {import("../layers/layer.js").Floats} Floats */
/** @typedef {import("../layers/layer.js").Operation} Operation */
/** @typedef {import("../layers/layer.js").Shape} Shape */
/** @typedef {import("./network.js").Network} Network */

/** @typedef {{ top: number, left: number, high: number, wide: number }} Patch in a picture */

const SHARE = 7; // a patch is a seventh of the picture: 4 of 28 pixels
const STEPS = 14; // and is moved by half of that

/**
 * Return the derivatives of class k's logit by all outputs, and what Grad-CAM makes of them.
 *
 * @template {Floats} T
 * @param {Network} network
 * @param {import("../layers/row.js").Pass<T>} pass
 * @param {number} k
 * @returns {{ gradient: T, cam: Float64Array | null, camLayer: string | null }} dz/dx, of the
 *   input's shape; Grad-CAM, rows × columns of numbers ≥ 0, and the layer that it looks at: null
 *   if there is none with maps
 */
export function attribute(network, { outputs, saved }, k) {
  const dlogits = /** @type {T} */ (outputs[outputs.length - 1].map((_, i) => Number(i === k)));
  const { derivatives } = backward(network.layers, saved, dlogits);
  const place = camPlace(network);
  const isThere = place !== null;
  return {
    gradient: derivatives[0],
    cam: isThere ? gradCam(network, place, outputs[place], derivatives[place]) : null,
    camLayer: isThere ? network.layers[place - 1].name : null,
  };
}

/**
 * @param {Network} network
 * @param {number} place
 * @param {Floats} activations
 * @param {Floats} derivative of the logit, by them
 */
function gradCam(network, place, activations, derivative) {
  const [maps, high, wide] = network.layers[place - 1].outputShape;
  const cells = high * wide;
  const cam = new Float64Array(cells);
  for (let start = 0; start < maps * cells; start += cells) {
    let weight = 0;
    for (let i = 0; i < cells; i++) weight += derivative[start + i] / cells;
    for (let i = 0; i < cells; i++) cam[i] += weight * activations[start + i];
  }
  const [rows, columns] = network.inputShape.slice(-2);
  return upsample(
    cam.map((sum) => Math.max(sum, 0)),
    [high, wide],
    [rows, columns],
  );
}

/**
 * Return how many layers lead to the activations of the last convolution, alone or in branches,
 * whose maps have more than one cell; null if there are none.
 *
 * @param {Network} network
 * @returns {number | null}
 */
export function camPlace({ layers }) {
  let place = layers.length;
  const isLast = (/** @type {number} */ at) =>
    holdsConvolution(layers[at].layer) && volume(layers[at].outputShape.slice(1)) > 1;
  while (place > 0 && !isLast(place - 1)) place--;
  if (place === 0) return null;
  const shape = String(layers[place - 1].outputShape);
  while (place < layers.length && String(layers[place].outputShape) === shape) place++;
  return place;
}

/**
 * @param {Operation} layer
 * @returns {boolean}
 */
function holdsConvolution(layer) {
  const { branches } = /** @type {{ branches?: Operation[][] }} */ (/** @type {unknown} */ (layer));
  if (branches !== undefined) return branches.some((row) => row.some(holdsConvolution));
  return layer.constructor.name === "Conv2D";
}

/**
 * Enlarge a picture smoothly: bilinear between the middles of its cells.
 *
 * @param {ArrayLike<number>} picture
 * @param {[number, number]} size its rows and columns
 * @param {[number, number]} to those wanted
 * @returns {Float64Array}
 */
export function upsample(picture, [high, wide], [rows, columns]) {
  const down = neighbours(high, rows);
  const across = neighbours(wide, columns);
  const large = new Float64Array(rows * columns);
  for (const [i, [top, bottom, below]] of down.entries()) {
    for (const [j, [left, right, beside]] of across.entries()) {
      const at = (/** @type {number} */ column) =>
        picture[top * wide + column] * (1 - below) + picture[bottom * wide + column] * below;
      large[i * columns + j] = at(left) * (1 - beside) + at(right) * beside;
    }
  }
  return large;
}

/**
 * Return, for each of `to` cells, the two of n that it lies between, and how near the second.
 *
 * @param {number} n
 * @param {number} to
 * @returns {[number, number, number][]}
 */
function neighbours(n, to) {
  return Array.from({ length: to }, (_, i) => {
    const place = Math.min(Math.max(((i + 0.5) * n) / to - 0.5, 0), n - 1);
    const first = Math.floor(place);
    return [first, Math.min(first + 1, n - 1), place - first];
  });
}

/**
 * Return how class k stands against all others: log(p / (1 − p)).
 *
 * @param {ArrayLike<number>} logits
 * @param {number} k
 * @returns {number}
 * @throws {ShapeError} if there is no other class
 */
export function logOdds(logits, k) {
  if (logits.length < 2) {
    throw new ShapeError("an explanation compares a class with others; this network has only one");
  }
  const others = Array.from(logits).filter((_, i) => i !== k);
  const most = Math.max(...others);
  return logits[k] - most - Math.log(others.reduce((sum, z) => sum + Math.exp(z - most), 0));
}

/**
 * Return where a patch of paper is laid on a picture.
 *
 * @param {Shape} shape channels, rows, columns
 * @returns {Patch[]}
 */
export function patches([, rows, columns]) {
  return spans(rows).flatMap(([top, high]) =>
    spans(columns).map(([left, wide]) => ({ top, left, high, wide })),
  );
}

/**
 * Return a patch's places on one side of the picture, the last one at its end, and its length.
 *
 * @param {number} length
 * @returns {[number, number][]}
 */
function spans(length) {
  const [size, step] = [SHARE, STEPS].map((part) => Math.max(1, Math.floor(length / part)));
  /** @type {[number, number][]} */
  const found = [];
  for (let start = 0; start < length - size; start += step) found.push([start, size]);
  return [...found, [length - size, size]];
}

/**
 * Return an input with a patch of paper on it; null if nothing was there.
 *
 * @param {Float32Array} x
 * @param {Shape} shape
 * @param {Patch} patch
 * @returns {Float32Array | null}
 */
export function occlude(x, [channels, rows, columns], { top, left, high, wide }) {
  const covered = x.slice();
  for (let row = 0; row < channels * rows; row++) {
    const isIn = row % rows >= top && row % rows < top + high;
    if (isIn) covered.fill(0, row * columns + left, row * columns + left + wide);
  }
  return covered.some((value, i) => value !== x[i]) ? covered : null;
}

/**
 * Return, for each pixel, the mean of what was lost by the patches that cover it.
 *
 * @param {Shape} shape
 * @param {ArrayLike<number>} lost in the order of `patches`
 * @returns {Float64Array} rows × columns
 */
export function occlusionMap(shape, lost) {
  const [, rows, columns] = shape;
  const total = new Float64Array(rows * columns);
  const count = new Float64Array(rows * columns);
  for (const [i, { top, left, high, wide }] of patches(shape).entries()) {
    for (let row = top; row < top + high; row++) {
      for (let column = left; column < left + wide; column++) {
        total[row * columns + column] += lost[i];
        count[row * columns + column]++;
      }
    }
  }
  return total.map((sum, i) => sum / count[i]);
}
