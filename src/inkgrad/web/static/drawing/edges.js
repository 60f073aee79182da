/**
 * A list of polygons' edges, cut to the canvas, as the scan goes through them.
 *
 * The twin of `inkgrad/drawing/edges.py` (see `pen.js`).
 *
 * @module
 */

import { floorDivide } from "./numbers.js";
import { UNIT } from "./pen.js";

/** Sampling lines in a row of pixels: line k of a canvas runs at y = (k + 1/2) / 15 pixel. */
export const LINES = 15;

// An edge's record. First what it is: where its line begins, at its upper end, and how far it goes
// from there (DY > 0), in 1/256 pixel; the first sampling line that it crosses and the first that
// it does not cross any more; what it adds to the winding number of all to its right, 1 or -1.
export const X = 0;
export const Y = 1;
export const DX = 2;
export const DY = 3;
export const FIRST = 4;
export const STOP = 5;
export const SIGN = 6;
// Then what the scan notes: the next edge that begins on the same line; x on the current line,
// rounded (CELL), and exactly, WHOLE + PART / PER; how that changes from line to line; and, where
// it was asked for, what it is a whole row farther down.
export const AFTER = 7;
export const CELL = 8;
export const WHOLE = 9;
export const PART = 10;
export const PER = 11;
export const STEP_WHOLE = 12;
export const STEP_PART = 13;
export const BELOW_WHOLE = 14;
export const BELOW_PART = 15;
export const RECORD = 16; // two lines of the cache

/**
 * Room for edges that grows with them: data[0 … end − 1] are records.
 *
 * What stands in a record is below 2³¹: places are within 2²⁰, ways within 2²¹, steps within 2²⁶
 * and a row's 15 steps within 2³⁰, `PER` is below 2²⁷. Only products of these are larger.
 *
 * Python reserves what a stroke may need at most, which is far more than it does need; a browser
 * has less to give.
 */
export class Edges {
  data = new Int32Array(256 * RECORD);
  end = 0;

  /** Return where the next record begins. */
  next() {
    const at = this.end;
    this.end += RECORD;
    if (this.end > this.data.length) {
      const grown = new Int32Array(2 * this.data.length);
      grown.set(this.data);
      this.data = grown;
    }
    return at;
  }
}

/**
 * Add the edge from (x0, y0) to (x1, y1).
 *
 * What lies left or right of the canvas (0 … size on both axes) is put on its border, where it
 * winds around the same; what lies above or below is left out, and so are edges between two
 * sampling lines. At most three edges are added.
 *
 * @param {Edges} edges
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 * @param {number} sign
 * @param {number} size
 */
export function addEdge(edges, x0, y0, x1, y1, sign, size) {
  if (y0 > y1) {
    [x0, y0, x1, y1] = [x1, y1, x0, y0];
    sign = -sign;
  }
  let top = Math.max(y0, 0);
  let bottom = Math.min(y1, size);
  if (top >= bottom) return;
  const low = Math.min(x0, x1);
  const high = Math.max(x0, x1);
  if (high <= 0) {
    keep(edges, 0, 0, 0, size, top, bottom, sign);
    return;
  }
  if (low >= size) {
    keep(edges, size, 0, size, size, top, bottom, sign);
    return;
  }
  if (low >= 0 && high <= size) {
    keep(edges, x0, y0, x1, y1, top, bottom, sign);
    return;
  }
  // Which border it may come in over, and which it may leave over; `out` points outwards.
  const [entry, leave, out] = x0 <= x1 ? [0, size, -1] : [size, 0, 1];
  if ((x0 - entry) * out > 0) {
    let y = y0 + floorDivide((entry - x0) * (y1 - y0), x1 - x0);
    if ((x0 + floorDivide((y - y0) * (x1 - x0), y1 - y0) - entry) * out > 0) y += 1;
    y = Math.min(y, bottom);
    if (top < y) {
      keep(edges, entry, 0, entry, size, top, y, sign);
      top = y;
    }
  }
  if ((leave - x1) * out > 0) {
    let y = y0 + floorDivide((leave - x0) * (y1 - y0), x1 - x0);
    if ((leave - (x0 + floorDivide((y - y0) * (x1 - x0), y1 - y0))) * out > 0) y -= 1;
    y = Math.max(y, top);
    if (y < bottom) {
      keep(edges, leave, 0, leave, size, y, bottom, sign);
      bottom = y;
    }
  }
  keep(edges, x0, y0, x1, y1, top, bottom, sign);
}

/**
 * Add what an edge has between top and bottom.
 *
 * @param {Edges} edges
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 * @param {number} top
 * @param {number} bottom
 * @param {number} sign
 */
function keep(edges, x0, y0, x1, y1, top, bottom, sign) {
  const first = floorDivide(2 * LINES * top + UNIT, 2 * UNIT);
  const stop = floorDivide(2 * LINES * bottom + UNIT, 2 * UNIT);
  if (first >= stop) return;
  const e = edges.next();
  const { data } = edges;
  data[e + X] = x0;
  data[e + Y] = y0;
  data[e + DX] = x1 - x0;
  data[e + DY] = y1 - y0;
  data[e + FIRST] = first;
  data[e + STOP] = stop;
  data[e + SIGN] = sign;
}
