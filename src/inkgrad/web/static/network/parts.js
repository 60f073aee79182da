/**
 * The parts of a drawing that can be taken away: its strokes, or pieces of one long stroke.
 *
 * The twin of `inkgrad/insight/attribution/parts.py`.
 *
 * @module
 */

import { rasterize } from "../drawing/raster.js";
import { boundingBox } from "../drawing/strokes.js";

/** @typedef {import("../drawing/strokes.js").Strokes} Strokes */
/** @typedef {import("../drawing/strokes.js").Stroke} Stroke */

/**
 * What belongs to a part, and the drawing without it.
 *
 * @typedef {{ strokes: Strokes, rest: Strokes }} Part
 */

/** A stroke's number, and its first and last point. @typedef {[number, number, number]} Piece */

const FEW = 2; // strokes, up to which they are cut into pieces: one stroke alone says nothing
const PIECES = 6; // into about so many
const MOST = 48; // parts; where there are more strokes, neighbours are one part

/**
 * Divide a drawing into the parts that are taken away in turn.
 *
 * @param {Strokes} strokes in the frame of Google's simplified drawings
 * @returns {Part[]}
 */
export function partsOf(strokes) {
  /** @type {{ points: Stroke[], pieces: Piece[] }} */
  const whole = { points: strokes, pieces: strokes.map(([xs], k) => [k, 0, xs.length - 1]) };
  const { points, pieces } = strokes.length <= FEW ? cut(strokes) : whole;
  const each = Math.max(1, Math.ceil(pieces.length / MOST));
  const parts = [];
  for (let start = 0; start < pieces.length; start += each) {
    const rest = [...pieces.slice(0, start), ...pieces.slice(start + each)];
    parts.push({
      strokes: drawn(points, pieces.slice(start, start + each)),
      rest: drawn(points, rest),
    });
  }
  return parts;
}

/**
 * Draw a drawing without one of its parts: the same place and size, only its ink is missing.
 *
 * @param {Part} part
 * @param {Strokes} whole
 * @param {import("../drawing/raster.js").Raster} raster
 * @returns {Uint8Array}
 */
export function bitmapWithout({ rest }, whole, raster) {
  if (rest.length === 0) return new Uint8Array(raster.side ** 2);
  // The rasteriser centres by the largest coordinate; moved by the difference, the rest stays.
  const [largest, before] = [rest, whole].map((strokes) => boundingBox(strokes)[1]);
  const shift = largest.map((end, axis) => end - before[axis]);
  const framed = rest.map((stroke) => stroke.map((row, axis) => row.map((v) => v + shift[axis])));
  return rasterize(framed, raster);
}

/**
 * Return pieces as strokes; those that follow each other in one stroke are one.
 *
 * @param {Stroke[]} points
 * @param {Piece[]} pieces
 * @returns {Strokes}
 */
function drawn(points, pieces) {
  /** @type {Piece[]} */
  const runs = [];
  for (const [stroke, first, last] of pieces) {
    const run = runs[runs.length - 1];
    if (run !== undefined && run[0] === stroke && run[2] === first) run[2] = last;
    else runs.push([stroke, first, last]);
  }
  return runs.map(([stroke, first, last]) => {
    const [xs, ys] = points[stroke];
    return [xs.slice(first, last + 1), ys.slice(first, last + 1)];
  });
}

/**
 * Cut strokes into pieces; return them with the points where they are cut, and the pieces.
 *
 * @param {Strokes} strokes
 */
function cut(strokes) {
  const lengths = strokes.map(alongOf);
  const total = lengths.reduce((sum, along) => sum + along[along.length - 1], 0);
  /** @type {Stroke[]} */
  const points = [];
  /** @type {Piece[]} */
  const pieces = [];
  for (const [k, stroke] of strokes.entries()) {
    const along = lengths[k];
    const share = total > 0 ? (PIECES * along[along.length - 1]) / total : 1;
    const places = cutsOf(along, Math.max(1, Math.floor(share + 0.5)));
    const made = withPoints(stroke, along, places);
    points.push(made.stroke);
    const ends = [0, ...made.places, made.stroke[0].length - 1];
    for (let i = 1; i < ends.length; i++) pieces.push([k, ends[i - 1], ends[i]]);
  }
  return { points, pieces };
}

/**
 * Return how far along a stroke each of its points is.
 *
 * @param {Stroke} stroke
 */
function alongOf([xs, ys]) {
  const along = [0];
  for (let i = 1; i < xs.length; i++) {
    const [dx, dy] = [xs[i] - xs[i - 1], ys[i] - ys[i - 1]];
    along.push(along[i - 1] + Math.sqrt(dx * dx + dy * dy));
  }
  return along;
}

/**
 * Return how far along a stroke it is cut into about `number` pieces: at points where one is near.
 *
 * @param {number[]} along
 * @param {number} number
 */
function cutsOf(along, number) {
  const length = along[along.length - 1];
  const piece = length / number;
  const inner = along.filter((place) => place > 0 && place < length);
  /** @type {number[]} */
  const places = [];
  let last = 0;
  for (let k = 1; k < number; k++) {
    let place = k * piece;
    const far = inner.map((point) => Math.abs(point - place));
    const near = inner[far.indexOf(Math.min(...far))];
    if (near !== undefined && Math.abs(near - place) <= piece / 2) place = near;
    if (place > last) places.push(place);
    last = Math.max(last, place);
  }
  return places;
}

/**
 * Return a stroke that has a point at each cut, and the numbers of these points.
 *
 * @param {Stroke} stroke
 * @param {number[]} along
 * @param {number[]} cuts
 * @returns {{ stroke: Stroke, places: number[] }}
 */
function withPoints(stroke, along, cuts) {
  let [xs, ys] = stroke.map((row) => Array.from(row));
  let far = along;
  const places = [];
  for (const place of cuts) {
    const at = far.findIndex((point) => point >= place);
    if (far[at] !== place) {
      const t = (place - far[at - 1]) / (far[at] - far[at - 1]);
      const [x, y] = [xs, ys].map((row) => row[at - 1] * (1 - t) + row[at] * t);
      [xs, ys, far] = [inserted(xs, at, x), inserted(ys, at, y), inserted(far, at, place)];
    }
    places.push(at);
  }
  return { stroke: [Float64Array.from(xs), Float64Array.from(ys)], places };
}

/**
 * @param {number[]} row
 * @param {number} at
 * @param {number} value
 */
function inserted(row, at, value) {
  return [...row.slice(0, at), value, ...row.slice(at)];
}
