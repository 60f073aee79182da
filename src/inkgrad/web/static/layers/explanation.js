/**
 * What the explanations of all layers share: the places of cells, and long sums in short.
 *
 * A layer's file says where each of its numbers comes from, in the letters of `inkgrad/layers/`: x
 * goes in, y comes out, w and β are learnt, dL/dy comes back and dL/dx goes further back. What it
 * returns are plain values in which `value` is the sum of what is listed, in doubles, and `sources`
 * are the cells that it came from. Long sums list the terms that matter most in `parts` and add up
 * the remaining ones in `others`.
 *
 * @module
 */

/**
 * One layer at its place in a network.
 *
 * @typedef {object} Layer
 * @property {string} name "conv1"
 * @property {string} type "Conv2D", "Dense", …
 * @property {number[]} inputShape
 * @property {number[]} outputShape
 * @property {Record<string, number[]>} parameterShapes by short name: "weight"
 * @property {Record<string, unknown>} settings of the type: filters, size, stride, padding, outputs
 */

/**
 * A network's numbers for one drawing.
 *
 * @typedef {object} Scene
 * @property {Layer[]} layers
 * @property {Record<string, Float32Array>} parameters "conv1.weight" → numbers
 * @property {Record<string, Float32Array>} statistics "norm1.mean" → numbers
 * @property {Float32Array[]} outputs the input, then each layer's output
 * @property {ArrayLike<number>} probabilities
 */

/**
 * What a backward pass adds to them.
 *
 * @typedef {object} Learned
 * @property {number} label the right answer
 * @property {Float32Array[]} derivatives dL/d`outputs`
 * @property {Record<string, Float32Array>} gradients dL/d`parameters`
 */

/** @typedef {Scene & Learned} LearnedScene after a backward pass */

/**
 * Cells that a number came from: rectangles in one of the scene's arrays. `cell` is the index of a
 * rectangle's first cell; padding is cut off.
 *
 * @typedef {object} Source
 * @property {"outputs" | "derivatives"} of
 * @property {number} index
 * @property {{cell: number, rows: number, columns: number}[]} boxes
 */

/**
 * Where a number comes from; besides, there is what the layer's file says of its own numbers.
 *
 * @typedef {{ value: number, sources: Source[] } & Record<string, any>} Explained
 */

/**
 * A term of a sum, or a map's share of it.
 *
 * @typedef {{ sum: number }} Term
 */

/** How many terms of a long sum are listed. */
export const MOST_TERMS = 5;

/** How many maps of a convolution's sum are listed. */
export const MOST_MAPS = 3;

/**
 * Return the place of a cell that is counted in one row.
 *
 * @param {number[]} shape
 * @param {number} cell
 * @returns {number[]} one index an axis
 *
 * @example
 * placeOf([32, 28, 28], 785); // [1, 0, 1]
 */
export function placeOf(shape, cell) {
  const place = [];
  for (const length of [...shape].reverse()) {
    place.unshift(cell % length);
    cell = Math.floor(cell / length);
  }
  return place;
}

/**
 * Return the part of a patch that lies on the picture, or null.
 *
 * @param {number} top
 * @param {number} left
 * @param {number[]} size
 * @param {number} height of the picture
 * @param {number} width
 */
export function clipped(top, left, size, height, width) {
  const [r, t] = [Math.max(top, 0), Math.max(left, 0)];
  const rows = Math.min(top + size[0], height) - r;
  const columns = Math.min(left + size[1], width) - t;
  return rows > 0 && columns > 0 ? { cell: r * width + t, rows, columns } : null;
}

/**
 * Return the terms that matter most, the largest first, and the sum of the others.
 *
 * @template {Term} T
 * @param {T[]} terms
 * @param {number} most
 */
export function largest(terms, most) {
  const sorted = [...terms].sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum));
  const others = sorted.slice(most);
  return {
    parts: sorted.slice(0, most),
    others: { count: others.length, sum: sum(others.map((term) => term.sum)) },
  };
}

/**
 * @param {number} value
 * @param {number} length
 */
export function isIndex(value, length) {
  return Number.isInteger(value) && 0 <= value && value < length;
}

/** @param {number[]} numbers */
export function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

/** @param {number} cell */
export function box(cell) {
  return { cell, rows: 1, columns: 1 };
}

/**
 * @param {Source["of"]} of
 * @param {number} index
 * @param {Source["boxes"]} boxes
 * @returns {Source}
 */
export function source(of, index, boxes) {
  return { of, index, boxes };
}

/**
 * Name a cell by its place, from 0.
 *
 * @param {number[]} place [map, row, column], or [number]
 * @param {boolean} [isOnlyMap] one that need not be named
 * @returns {string}
 */
export function spot(place, isOnlyMap = false) {
  if (place.length === 1) return `number ${place[0]}`;
  const [map, row, column] = place.slice(-3);
  const where = `row ${row}, column ${column}`;
  return isOnlyMap ? where : `map ${map}, ${where}`;
}

/**
 * Say how many there are of something.
 *
 * @param {number} n
 * @param {string} what of one
 * @returns {string}
 *
 * @example
 * [count(1, "map"), count(3136, "number")]; // ["1 map", "3,136 numbers"]
 */
export function count(n, what) {
  return `${n.toLocaleString("en-US")} ${what}${n === 1 ? "" : "s"}`;
}
