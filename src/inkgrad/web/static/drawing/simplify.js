/**
 * Raw pointer strokes → the simplified form in which Google published its drawings.
 *
 * The twin of `inkgrad/drawing/simplify.py`: the same points to the last bit and the same errors
 * word for word. To stay so, both use nothing but +, −, ×, ÷ and square roots, which IEEE 754
 * rounds correctly everywhere, in the same order. (`toBitmap` is in `raster.js`.)
 *
 * @module
 */

import { rint } from "./numbers.js";
import { DrawingError, checkStrokes, fit, isSimplified, withCommas } from "./strokes.js";

/** @typedef {import("./strokes.js").Drawing} Drawing */
/** @typedef {import("./strokes.js").Stroke} Stroke */
/** @typedef {import("./strokes.js").Strokes} Strokes */

/** The length of the longer side of a simplified drawing. */
export const SIZE = 255;

/** A point nearer than this to the line through its neighbours is dropped. */
export const TOLERANCE = 2;

const MAX_LENGTH = 392; // of all strokes, in drawing sizes; real drawings have some tens

/**
 * Simplify strokes as the Quick, Draw! data set's "simplified" files were made.
 *
 * The drawing is shifted until its smallest x and y are 0 and scaled evenly until its longer side
 * is 255; every stroke is resampled at points 1 apart along its length (the last point is kept),
 * thinned by the Ramer-Douglas-Peucker algorithm with tolerance 2, and rounded to whole numbers,
 * halves to even.
 *
 * @param {Drawing} drawing raw pointer positions, in any unit; see `checkStrokes`
 * @returns {Strokes} whole numbers from 0 to 255; a stroke has two points or more: a dot becomes
 *   two equal ones
 * @throws {DrawingError} if the strokes are unusable, or more than 392 times as long as the drawing
 *   is large
 *
 * @example
 * simplify([[[100, 110, 120], [50, 50.1, 50]]]);
 * // [[Float64Array [0, 255], Float64Array [0, 0]]]
 */
export function simplify(drawing) {
  return simplifyChecked(checkStrokes(drawing));
}

/**
 * Return strokes in the frame of Google's simplified drawings, the door to every bitmap: as they
 * are if they lie in it already (`isSimplified`), else simplified.
 *
 * @param {Drawing} drawing
 * @returns {Strokes}
 * @throws {DrawingError} if the strokes are unusable
 *
 * @example
 * intoFrame([[[0, 250], [0, 9]]]); // [[Float64Array [0, 250], Float64Array [0, 9]]]
 * intoFrame([[[0, 25], [0, 0]]]); // [[Float64Array [0, 255], Float64Array [0, 0]]]
 */
export function intoFrame(drawing) {
  const strokes = checkStrokes(drawing);
  return isSimplified(strokes) ? strokes : simplifyChecked(strokes);
}

/**
 * @param {Strokes} strokes
 * @returns {Strokes}
 */
function simplifyChecked(strokes) {
  const fitted = fit(strokes, SIZE);
  let length = 0;
  for (const stroke of fitted) {
    for (const part of segmentLengths(stroke)) length += part;
  }
  if (length > MAX_LENGTH * SIZE) {
    throw new DrawingError(
      `the strokes are ${withCommas(rint(length / SIZE))} times as long as the drawing is large; ` +
        `at most ${MAX_LENGTH} times can be simplified`,
    );
  }
  return fitted.map((stroke) => {
    const [xs, ys] = thin(resample(stroke), TOLERANCE);
    return [xs.map(rint), ys.map(rint)];
  });
}

/**
 * Return the lengths of a stroke's segments: one number less than it has points.
 *
 * @param {Stroke} stroke
 */
function segmentLengths([xs, ys]) {
  const lengths = new Float64Array(xs.length - 1);
  for (let i = 0; i < lengths.length; i++) {
    const dx = xs[i + 1] - xs[i];
    const dy = ys[i + 1] - ys[i];
    lengths[i] = Math.sqrt(dx * dx + dy * dy);
  }
  return lengths;
}

/**
 * Return the points at 0, 1, 2, … along a stroke's length, and its last point: two or more.
 *
 * @param {Stroke} stroke
 * @returns {Stroke}
 */
function resample([xs, ys]) {
  const lengths = segmentLengths([xs, ys]);
  const along = new Float64Array(xs.length); // from the stroke's start to each point
  for (let i = 0; i < lengths.length; i++) along[i + 1] = along[i] + lengths[i];

  const last = xs.length - 1;
  if (along[last] === 0)
    return [Float64Array.of(xs[0], xs[last]), Float64Array.of(ys[0], ys[last])];
  const n = Math.ceil(along[last]); // stations 0, 1, …, n - 1 lie before the end
  /** @type {Stroke} */
  const resampled = [new Float64Array(n + 1), new Float64Array(n + 1)];
  for (let station = 0, i = 0; station < n; station++) {
    while (along[i + 1] <= station) i++; // segment i holds this station
    const t = (station - along[i]) / lengths[i];
    // In this form and no other: many points are equally far from a chord but for rounding errors.
    resampled[0][station] = xs[i] * (1 - t) + xs[i + 1] * t;
    resampled[1][station] = ys[i] * (1 - t) + ys[i + 1] * t;
  }
  resampled[0][n] = xs[last];
  resampled[1][n] = ys[last];
  return resampled;
}

/**
 * Drop the points that a polyline can do without (Ramer-Douglas-Peucker, no recursion).
 *
 * Between two kept points, the one farthest from the infinite line through them is kept if it is
 * farther than `tolerance` (the first of several equally far), and both halves are looked at in
 * turn.
 *
 * @param {Stroke} stroke
 * @param {number} tolerance
 * @returns {Stroke}
 */
function thin([xs, ys], tolerance) {
  const n = xs.length;
  const keep = new Uint8Array(n);
  keep[0] = keep[n - 1] = 1;
  const spans = [[0, n - 1]];
  let span = spans.pop();
  while (span !== undefined) {
    const [first, last] = span;
    const [middle, distance] = farthestFromLine(xs, ys, first, last);
    if (distance > tolerance) {
      keep[middle] = 1;
      spans.push([first, middle], [middle, last]);
    }
    span = spans.pop();
  }
  const isKept = (/** @type {number} */ _, /** @type {number} */ i) => keep[i] === 1;
  return [xs.filter(isKept), ys.filter(isKept)];
}

/**
 * Return which point between `first` and `last` is farthest from the line through these two, and
 * its distance (0 if there is none).
 *
 * If the two are the same point there is no line; the distance is that to the point.
 *
 * @param {Float64Array} xs
 * @param {Float64Array} ys
 * @param {number} first
 * @param {number} last
 * @returns {[number, number]}
 */
function farthestFromLine(xs, ys, first, last) {
  const alongX = xs[last] - xs[first];
  const alongY = ys[last] - ys[first];
  const length = Math.sqrt(alongX * alongX + alongY * alongY);
  let farthest = first;
  let most = 0;
  for (let i = first + 1; i < last; i++) {
    const offsetX = xs[i] - xs[first];
    const offsetY = ys[i] - ys[first];
    const distance =
      length === 0
        ? Math.sqrt(offsetX * offsetX + offsetY * offsetY)
        : Math.abs(alongX * offsetY - alongY * offsetX) / length;
    if (distance > most) {
      farthest = i;
      most = distance;
    }
  }
  return [farthest, most];
}
