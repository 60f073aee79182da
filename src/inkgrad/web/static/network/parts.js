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
 * A part of a drawing: the numbers of its strokes, from 1; which piece of its stroke it is, 0 for
 * whole strokes; what belongs to it, and the drawing without it.
 *
 * @typedef {{ first: number, last: number, piece: number, strokes: Strokes, rest: Strokes }} Part
 */

/** A stroke's number, and its first and last point. @typedef {[number, number, number]} Piece */

const LONG = 0.5; // of the drawing's length: a stroke that has so much says too little as a whole
const PIECES = 6; // that a whole drawing would be cut into
const MOST = 48; // parts; where there are more strokes, neighbours are one part

/**
 * Divide a drawing into the parts that are taken away in turn.
 *
 * @param {Strokes} strokes in the frame of Google's simplified drawings
 * @returns {Part[]}
 */
export function partsOf(strokes) {
  const { points, pieces } = cut(strokes);
  const each = Math.max(1, Math.ceil(pieces.length / MOST));
  const parts = [];
  for (let start = 0; start < pieces.length; start += each) {
    const own = pieces.slice(start, start + each);
    parts.push({
      first: own[0][0] + 1,
      last: own[own.length - 1][0] + 1,
      piece: numberOf(points, pieces, start),
      strokes: drawn(points, own),
      rest: drawn(points, [...pieces.slice(0, start), ...pieces.slice(start + each)]),
    });
  }
  return parts;
}

/**
 * Return which piece of its stroke a piece is, from 1; 0 for a whole stroke.
 *
 * @param {Stroke[]} points
 * @param {Piece[]} pieces
 * @param {number} at
 */
function numberOf(points, pieces, at) {
  const [stroke, first, last] = pieces[at];
  if (first === 0 && last === points[stroke][0].length - 1) return 0;
  return 1 + pieces.slice(0, at).filter((piece) => piece[0] === stroke).length;
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
 * Cut long strokes; return all with the points where they are cut, and the pieces.
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
    const length = along[along.length - 1];
    const isLong = total > 0 && length >= LONG * total;
    const places = cutsOf(along, isLong ? Math.floor((PIECES * length) / total + 0.5) : 1);
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
