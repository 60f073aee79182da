/**
 * The outline that a round pen leaves along a stroke.
 *
 * The pen is a polygon. The outline has two sides, each beside the stroke at half the pen's width.
 * Where the stroke bends, one side is on the outside of the bend: there it follows the corners of
 * the pen that face the gap (a round join, of which nothing but this wedge is drawn). The other
 * side, on the inside, goes through the stroke's own point: it winds around some places twice,
 * which does no harm. At both ends, the corners of half a pen lead over to the other side.
 *
 * The twin of `inkgrad/drawing/outline.py` (see `pen.js`).
 *
 * @module
 */

import { addEdge } from "./edges.js";
import { rint } from "./numbers.js";
import { CORNER, UNIT, X, Y, compare, cornersPassed } from "./pen.js";

/** @typedef {import("./edges.js").Edges} Edges */

/**
 * Where a drawing stands on the canvas, and the pen that draws it.
 *
 * @typedef {object} Frame
 * @property {number} right units by which the drawing is moved
 * @property {number} down
 * @property {number} scale pixels per unit
 * @property {number} radius of the pen, in units
 * @property {number} size of the canvas, in 1/256 pixel
 */

const LEFT = -1; // sides of the outline, and the signs of their edges
const RIGHT = 1;

// A point's record on a stroke's path, in 1/256 pixel: its place (X, Y); then the way to the next
// point, and the way from there to the outline's left side beside it.
const DX = 2;
const DY = 3;
const BESIDE_X = 4;
const BESIDE_Y = 5;
export const POINT = 6;

/**
 * Lay a stroke's points on the canvas; return the path's end.
 *
 * Repeated points are left out, and points that a straight line goes on through.
 *
 * @param {Float64Array} path room for `POINT` numbers a point
 * @param {Float64Array} xs
 * @param {Float64Array} ys
 * @param {Frame} frame
 * @returns {number}
 */
export function walk(path, xs, ys, frame) {
  let end = 0;
  for (let i = 0; i < xs.length; i++) {
    const x = rint((xs[i] + frame.right) * frame.scale * UNIT);
    const y = rint((ys[i] + frame.down) * frame.scale * UNIT);
    if (end > 0) {
      let last = end - POINT;
      let dx = x - path[last + X];
      let dy = y - path[last + Y];
      if (dx === 0 && dy === 0) continue;
      if (last > 0) {
        const before = last - POINT;
        const ax = path[before + DX];
        const ay = path[before + DY];
        if (ay * dx === dy * ax && ax * dx + ay * dy >= 0) {
          end = last;
          last = before;
          dx += ax;
          dy += ay;
        }
      }
      path[last + DX] = dx;
      path[last + DY] = dy;
    }
    path[end + X] = x;
    path[end + Y] = y;
    end += POINT;
  }
  for (let p = 0; p < end - POINT; p += POINT) {
    const [besideX, besideY] = beside(path[p + DX], path[p + DY], frame);
    path[p + BESIDE_X] = besideX;
    path[p + BESIDE_Y] = besideY;
  }
  return end;
}

/**
 * Add the edges of the outline of a stroke, the first `end` numbers of a path.
 *
 * Their order is cairo's: the left side, the end's cap, the start's cap, the right side. It matters
 * where edges lie upon each other (see `scan.js`).
 *
 * @param {Float64Array} path
 * @param {number} end
 * @param {Float64Array} pen
 * @param {Frame} frame
 * @param {Edges} edges
 */
export function trace(path, end, pen, frame, edges) {
  const { size } = frame;
  if (pen.length === CORNER) return;
  if (end === POINT) {
    // a dot: both caps, heading right
    const [x, y] = beside(UNIT, 0, frame);
    addCap(edges, path[X], path[Y], -UNIT, 0, -x, -y, pen, size);
    addCap(edges, path[X], path[Y], UNIT, 0, x, y, pen, size);
    return;
  }
  addSide(edges, path, end, LEFT, pen, size);
  const last = end - POINT; // the last point
  const p = end - 2 * POINT; // the last segment
  /** @type {[number, number]} */
  const toLeft = [path[p + BESIDE_X], path[p + BESIDE_Y]];
  addCap(edges, path[last + X], path[last + Y], path[p + DX], path[p + DY], ...toLeft, pen, size);
  /** @type {[number, number]} */
  const toRight = [-path[BESIDE_X], -path[BESIDE_Y]];
  addCap(edges, path[X], path[Y], -path[DX], -path[DY], ...toRight, pen, size);
  addSide(edges, path, end, RIGHT, pen, size);
}

/**
 * Return the way from a segment that heads (dx, dy) to the outline beside it.
 *
 * The direction goes to the canvas's units and back again, as in cairo, for its last bits.
 *
 * @param {number} dx
 * @param {number} dy
 * @param {Frame} frame
 * @returns {[number, number]}
 */
function beside(dx, dy, frame) {
  let [x, y] = unit(dx / UNIT, dy / UNIT);
  [x, y] = unit(x * (1 / frame.scale), y * (1 / frame.scale));
  return [
    rint(-y * frame.radius * frame.scale * UNIT),
    rint(x * frame.radius * frame.scale * UNIT),
  ];
}

/**
 * @param {number} x
 * @param {number} y
 * @returns {[number, number]}
 */
function unit(x, y) {
  if (x === 0) return [0, y > 0 ? 1 : -1];
  if (y === 0) return [x > 0 ? 1 : -1, 0];
  const length = Math.sqrt(x * x + y * y);
  return [x / length, y / length];
}

/**
 * Follow one side of the outline from the stroke's first point to its last.
 *
 * @param {Edges} edges
 * @param {Float64Array} path
 * @param {number} end
 * @param {number} side
 * @param {Float64Array} pen
 * @param {number} size
 */
function addSide(edges, path, end, side, pen, size) {
  let x = path[X] - side * path[BESIDE_X];
  let y = path[Y] - side * path[BESIDE_Y];
  for (let p = 0; p < end - POINT; p += POINT) {
    const atX = path[p + X];
    const atY = path[p + Y];
    const dx = path[p + DX];
    const dy = path[p + DY];
    let toX = atX - side * path[p + BESIDE_X];
    let toY = atY - side * path[p + BESIDE_Y];
    if (p > 0) {
      const ax = path[p - POINT + DX]; // the segment before
      const ay = path[p - POINT + DY];
      const turn = compare(ax, ay, dx, dy);
      if (turn === -side) {
        // outside
        if (x !== toX || y !== toY) {
          addFan(edges, x, y, atX, atY, toX, toY, ax, ay, dx, dy, side, pen, size);
        }
        x = toX;
        y = toY;
      } else if (turn !== 0) {
        addEdge(edges, x, y, atX, atY, side, size);
        addEdge(edges, atX, atY, toX, toY, side, size);
        x = toX;
        y = toY;
      }
    }
    toX += dx;
    toY += dy;
    addEdge(edges, x, y, toX, toY, side, size);
    x = toX;
    y = toY;
  }
}

/**
 * Lead around the end of a stroke that heads (dx, dy), from the left side to the right.
 *
 * @param {Edges} edges
 * @param {number} x
 * @param {number} y
 * @param {number} dx
 * @param {number} dy
 * @param {number} besideX
 * @param {number} besideY
 * @param {Float64Array} pen
 * @param {number} size
 */
function addCap(edges, x, y, dx, dy, besideX, besideY, pen, size) {
  const [fromX, fromY] = [x + besideX, y + besideY];
  const [toX, toY] = [x - besideX, y - besideY];
  addFan(edges, fromX, fromY, x, y, toX, toY, dx, dy, -dx, -dy, LEFT, pen, size);
}

/**
 * Go from (x, y) to (toX, toY) over the corners of a pen at (atX, atY).
 *
 * They are those that the edge passes as the direction turns from a to b: clockwise on the right
 * side, the other way on the left.
 *
 * @param {Edges} edges
 * @param {number} x
 * @param {number} y
 * @param {number} atX
 * @param {number} atY
 * @param {number} toX
 * @param {number} toY
 * @param {number} ax
 * @param {number} ay
 * @param {number} bx
 * @param {number} by
 * @param {number} side
 * @param {Float64Array} pen
 * @param {number} size
 */
function addFan(edges, x, y, atX, atY, toX, toY, ax, ay, bx, by, side, pen, size) {
  const reach = pen[X];
  const near = -reach <= atX && atX <= size + reach && -reach <= atY && atY <= size + reach;
  const [first, stop] = cornersPassed(pen, ax, ay, bx, by, side === RIGHT);
  let corner = CORNER * first;
  while (near && corner !== CORNER * stop) {
    const nextX = atX + pen[corner + X];
    const nextY = atY + pen[corner + Y];
    addEdge(edges, x, y, nextX, nextY, side, size);
    x = nextX;
    y = nextY;
    corner += side * CORNER;
    if (corner === pen.length) corner = 0;
    else if (corner < 0) corner = pen.length - CORNER;
  }
  addEdge(edges, x, y, toX, toY, side, size);
}
