/**
 * The round pen: a polygon, and which of its corners a turning stroke passes.
 *
 * The twin of `inkgrad/drawing/pen.py`, as `edges.js`, `outline.js` and `scan.js` are the twins of
 * the files of their names: the same functions in the same order, which count in the same whole
 * numbers. These stay below 2⁵³ (`raster.js` sees to that), so doubles hold them exactly. A thing
 * of several numbers is a record in a typed array.
 *
 * @module
 */

import { rint } from "./numbers.js";

/** Parts of a pixel in which coordinates are rounded, halves to even. */
export const UNIT = 256;

const FLATNESS = 0.1; // pixels by which the pen's polygon may fall short of the circle

// What is known of a corner, in this order, in 1/256 pixel: its place, the side that ends there,
// and the side that begins there.
export const X = 0;
export const Y = 1;
const INTO_X = 2;
const INTO_Y = 3;
const OUT_X = 4;
const OUT_Y = 5;
export const CORNER = 6;

/**
 * Return the polygon that stands in for a round pen.
 *
 * The sagitta of one side of an n-gon in a circle of radius r is r (1 − cos(π/n)); cairo takes the
 * smallest even n, at least 4, for which the *half* polygon's, r (1 − cos(2π/n)), stays within 0.1
 * pixel, and so do we. A pen of a radius up to 0.025 pixel leaves no trace: it gets one corner.
 *
 * Sines and cosines may differ from Python's in their last bit, which the rounding to 1/256 pixel
 * swallows.
 *
 * @param {number} radius in units of the canvas
 * @param {number} scale pixels per unit
 * @returns {Float64Array} `CORNER` numbers a corner, by growing angle: with y downwards, clockwise
 *   on paper
 *
 * @example
 * makePen(8, 28 / 304).length / CORNER; // 12, of the 28×28 drawings
 */
export function makePen(radius, scale) {
  const pixels = radius * scale;
  let n = 4;
  if (pixels <= FLATNESS / 4) {
    n = 1;
  } else if (pixels > FLATNESS) {
    n = Math.ceil((2 * Math.PI) / Math.acos(1 - FLATNESS / pixels));
    n = Math.max(4, n + (n % 2));
  }
  const angles = Array.from({ length: n }, (_, i) => (2 * Math.PI * i) / n);
  const x = angles.map((angle) => rint(radius * Math.cos(angle) * scale * UNIT));
  const y = angles.map((angle) => rint(radius * Math.sin(angle) * scale * UNIT));
  const pen = new Float64Array(n * CORNER);
  for (let i = 0; i < n; i++) {
    const before = (i + n - 1) % n;
    const after = (i + 1) % n;
    const into = [x[i] - x[before], y[i] - y[before]];
    const out = [x[after] - x[i], y[after] - y[i]];
    pen.set([x[i], y[i], ...into, ...out], i * CORNER);
  }
  return pen;
}

/**
 * Tell which way b turns from a: −1 clockwise (on paper, y downwards), 1 the other, 0 if not.
 *
 * It is the sign of a's cross product with b, negated. Of two opposite directions neither is first;
 * then it goes by where a points: −1 to the right (or straight down), 1 to the left.
 *
 * @param {number} ax
 * @param {number} ay
 * @param {number} bx
 * @param {number} by
 *
 * @example
 * [compare(1, 0, 0, 1), compare(0, 1, 1, 0), compare(2, 2, 1, 1)]; // [-1, 1, 0]
 * [compare(1, 0, -1, 0), compare(-1, 0, 1, 0)]; // [-1, 1]
 */
export function compare(ax, ay, bx, by) {
  const cross = ay * bx - by * ax;
  if (cross !== 0) return cross > 0 ? 1 : -1;
  if (ax * bx + ay * by >= 0) return 0;
  return ax > 0 || (ax === 0 && ay > 0) ? -1 : 1;
}

/**
 * Return the corners that the pen's edge passes as its direction turns: first and stop.
 *
 * The corners are first, first ± 1, … up to but without stop, modulo their number; + if the turn is
 * clockwise. Both are found by bisection. Directions go round in a circle and have no order, so
 * where the bisection looks matters when a direction is (nearly) parallel to one of the pen's
 * sides; this one looks where cairo's does.
 *
 * @param {Float64Array} pen
 * @param {number} fromX
 * @param {number} fromY
 * @param {number} toX
 * @param {number} toY
 * @param {boolean} clockwise
 * @returns {[number, number]}
 */
export function cornersPassed(pen, fromX, fromY, toX, toY, clockwise) {
  const n = pen.length / CORNER;
  let low = 0;
  let high = n;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (compareSide(pen, middle, fromX, fromY, clockwise) < 0) low = middle;
    else high = middle;
  }
  let first = low;
  if (compareSide(pen, low, fromX, fromY, clockwise) < 0) first = high < n ? high : 0;

  const at = CORNER * first;
  const anyPassed = clockwise
    ? compare(toX, toY, pen[at + OUT_X], pen[at + OUT_Y]) >= 0
    : compare(pen[at + INTO_X], pen[at + INTO_Y], toX, toY) <= 0;
  if (!anyPassed) return [first, first];
  low = first;
  high = first + n;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const corner = middle < n ? middle : middle - n;
    if (compareSide(pen, corner, toX, toY, clockwise) > 0) high = middle;
    else low = middle;
  }
  return [first, low < n ? low : low - n];
}

/**
 * Compare the side that the pen's edge comes along to a corner with a direction.
 *
 * @param {Float64Array} pen
 * @param {number} corner
 * @param {number} x
 * @param {number} y
 * @param {boolean} clockwise
 */
function compareSide(pen, corner, x, y, clockwise) {
  const at = CORNER * corner;
  return clockwise
    ? compare(pen[at + INTO_X], pen[at + INTO_Y], x, y)
    : compare(x, y, pen[at + OUT_X], pen[at + OUT_Y]);
}
