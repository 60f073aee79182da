/**
 * The strokes of a drawing: checked once at the door, plain arrays from there on.
 *
 * The twin of `inkgrad/drawing/strokes.py`: the same numbers to the last bit and the same errors
 * word for word. Whoever changes one changes the other; `tests/web` compares them.
 *
 * @module
 */

import { SentenceError, inWordsOfJson } from "../text.js";

/**
 * What a caller may hand in, as in the Quick, Draw! data set: strokes `[xs, ys]` or
 * `[xs, ys, ts]` of equally long arrays or typed arrays of numbers, y downwards.
 *
 * @typedef {ArrayLike<ArrayLike<ArrayLike<number>>>} Drawing
 */

/**
 * A checked stroke, `[xs, ys]`: two equally long arrays.
 *
 * @typedef {[Float64Array, Float64Array]} Stroke
 */

/**
 * Checked strokes. They are a `Drawing` again.
 *
 * @typedef {Stroke[]} Strokes
 */

/** The most points that a drawing may have; the longest real ones have some thousands. */
export const MAX_POINTS = 1_000_000;

/** Far beyond any screen; differences of such numbers are still exact. */
export const MAX_COORDINATE = 1e9;

const BORDER = 16; // by how much a simplified drawing may miss 0 and 255: the width of the pen

/** What is wrong with somebody's drawing: one sentence, fit to be shown to them. */
export class DrawingError extends SentenceError {
  name = "DrawingError";
}

/**
 * Turn strokes from outside into checked ones, or say what is wrong with them.
 *
 * Times are dropped. Nothing handed in is modified, nor kept.
 *
 * @param {Drawing} drawing
 * @param {string} [where] how an error calls the drawing, for instance "cat.ndjson, line 7"
 * @returns {Strokes} every stroke has one point or more
 * @throws {DrawingError} if there is no stroke, or a stroke is empty, is not made of two or three
 *   equally long rows of numbers, or holds a number that is not finite or is beyond ±1e9, or if
 *   there are more than `MAX_POINTS` points in all
 *
 * @example
 * checkStrokes([[[0, 3], [0, 4], [0, 16]]]);
 * // [[Float64Array [0, 3], Float64Array [0, 4]]]
 * checkStrokes([[[0, 3], [0]]], "cat.ndjson, line 7");
 * // DrawingError: cat.ndjson, line 7: stroke 1 is not two or three equally long rows of numbers;
 * // give every stroke as [xs, ys] or [xs, ys, ts]
 */
export function checkStrokes(drawing, where = "drawing") {
  if (!isList(drawing)) {
    throw new DrawingError(
      `${where}: strokes are ${inWordsOfJson(drawing)}; ` +
        "give a list of strokes, each [xs, ys] or [xs, ys, ts]",
    );
  }
  if (drawing.length === 0) {
    throw new DrawingError(`${where}: there are no strokes; a drawing has at least one`);
  }
  let points = 0;
  for (let i = 0; i < drawing.length; i++) {
    checkRows(drawing[i], i + 1, where);
    points += drawing[i][0].length;
    if (points > MAX_POINTS) {
      throw new DrawingError(
        `${where}: ${withCommas(points)} points up to stroke ${i + 1}; ` +
          `at most ${withCommas(MAX_POINTS)} can be drawn`,
      );
    }
  }
  for (const row of [0, 1]) {
    for (let i = 0; i < drawing.length; i++) checkCoordinates(drawing[i][row], where);
  }
  return Array.from(drawing, (stroke) => [numbers(stroke[0]), numbers(stroke[1])]);
}

/**
 * Return the lowest and the highest x and y of checked strokes.
 *
 * @param {Strokes} strokes
 * @returns {[[number, number], [number, number]]} [[lowest x, lowest y], [highest x, highest y]]
 *
 * @example
 * boundingBox(checkStrokes([[[1, 3], [7, 4]], [[2], [9]]])); // [[1, 4], [3, 9]]
 */
export function boundingBox(strokes) {
  /** @type {[number, number]} */
  const low = [Infinity, Infinity];
  /** @type {[number, number]} */
  const high = [-Infinity, -Infinity];
  for (const stroke of strokes) {
    for (const axis of [0, 1]) {
      for (const value of stroke[axis]) {
        if (value < low[axis]) low[axis] = value;
        if (value > high[axis]) high[axis] = value;
      }
    }
  }
  return [low, high];
}

/**
 * Shift checked strokes so that their smallest x and their smallest y are 0.
 *
 * @param {Strokes} strokes
 * @returns {Strokes}
 *
 * @example
 * align(checkStrokes([[[5, 7], [-1, 3]]])); // [[Float64Array [0, 2], Float64Array [0, 4]]]
 */
export function align(strokes) {
  const [[left, top]] = boundingBox(strokes);
  return strokes.map(([xs, ys]) => [xs.map((x) => x - left), ys.map((y) => y - top)]);
}

/**
 * Align checked strokes and scale them evenly until the longer side measures `size`.
 *
 * A drawing without extent (a single dot) is only shifted.
 *
 * @param {Strokes} strokes
 * @param {number} [size]
 * @returns {Strokes}
 *
 * @example
 * fit(checkStrokes([[[10, 30], [10, 20]]]));
 * // [[Float64Array [0, 255], Float64Array [0, 127.5]]]
 */
export function fit(strokes, size = 255) {
  const [[left, top], [right, bottom]] = boundingBox(strokes);
  const extent = Math.max(right - left, bottom - top);
  if (extent === 0) return align(strokes);
  // Multiplied before divided: Google's roundings, which `simplify` must share to the last bit.
  return strokes.map(([xs, ys]) => [
    xs.map((x) => ((x - left) * size) / extent),
    ys.map((y) => ((y - top) * size) / extent),
  ]);
}

/**
 * Tell whether checked strokes already lie in the frame of Google's simplified drawings.
 *
 * That is: whole numbers from 0 to 255 that reach to within 16 of 0 on both axes and of 255 on the
 * longer one. `is_simplified` in Python tells why not to 0 and 255 themselves.
 *
 * @param {Strokes} strokes
 * @returns {boolean}
 *
 * @example
 * isSimplified(checkStrokes([[[0, 255], [12, 0]]])); // true
 * isSimplified(checkStrokes([[[0, 400], [12, 0]]])); // false
 */
export function isSimplified(strokes) {
  const [[left, top], [right, bottom]] = boundingBox(strokes);
  const end = Math.max(right, bottom);
  return (
    Math.min(left, top) >= 0 &&
    Math.max(left, top) <= BORDER &&
    255 - BORDER <= end &&
    end <= 255 &&
    strokes.every((stroke) => stroke.every((row) => row.every(Number.isInteger)))
  );
}

/**
 * Write a whole number with commas between the thousands, as in "1,000,000".
 *
 * @param {number} value
 * @returns {string}
 */
export function withCommas(value) {
  return value.toLocaleString("en-US");
}

/**
 * Tell arrays and typed arrays from texts, objects and the rest.
 *
 * @param {unknown} value
 */
function isList(value) {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/**
 * Throw unless a stroke is two or three equally long rows of numbers, and not empty.
 *
 * @param {any} stroke
 * @param {number} number
 * @param {string} where
 */
function checkRows(stroke, number, where) {
  if (!isList(stroke) || (stroke.length !== 2 && stroke.length !== 3) || !areNumbers(stroke)) {
    throw new DrawingError(
      `${where}: stroke ${number} is not two or three equally long rows of numbers; ` +
        "give every stroke as [xs, ys] or [xs, ys, ts]",
    );
  }
  if (Array.from(stroke).some((row) => row.includes(true) || row.includes(false))) {
    throw new DrawingError(
      `${where}: stroke ${number} holds a boolean; every coordinate must be a number`,
    );
  }
  if (stroke[0].length === 0) {
    throw new DrawingError(`${where}: stroke ${number} is empty; a stroke has at least one point`);
  }
}

/**
 * Tell whether rows are equally long lists of numbers, or of booleans, which are told apart.
 *
 * @param {any} rows
 */
function areNumbers(rows) {
  const n = rows[0]?.length;
  for (const row of rows) {
    if (!isList(row) || row.length !== n) return false;
    for (let i = 0; i < n; i++) {
      if (typeof row[i] !== "number" && typeof row[i] !== "boolean") return false;
    }
  }
  return true;
}

/**
 * Throw unless all of a row's numbers are within the allowed range.
 *
 * @param {ArrayLike<number>} row
 * @param {string} where
 */
function checkCoordinates(row, where) {
  for (let i = 0; i < row.length; i++) {
    if (!(Math.abs(row[i]) <= MAX_COORDINATE)) {
      // NaN compares false
      throw new DrawingError(
        `${where}: a coordinate is ${scientific(row[i])}; ` +
          "every coordinate must be a number within ±1e9",
      );
    }
  }
}

/**
 * Write a number as NumPy does: "2e+9", "nan", "-inf".
 *
 * @param {number} value
 */
function scientific(value) {
  if (Number.isNaN(value)) return "nan";
  return value.toExponential().replace("Infinity", "inf");
}

/**
 * Copy a row; -0 becomes 0, so that the same drawing is the same bits.
 *
 * @param {ArrayLike<number>} row
 */
function numbers(row) {
  const copy = new Float64Array(row.length); // in a loop: many times as fast as `from` with a map
  for (let i = 0; i < copy.length; i++) copy[i] = row[i] + 0;
  return copy;
}
