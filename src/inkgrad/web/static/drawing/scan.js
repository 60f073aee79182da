/**
 * The scan: a closed outline's edges → how much of each pixel lies inside, as a grey level.
 *
 * Inside is where the winding number is not zero: the sum of the signs of all edges to the left.
 * Every row of pixels is gone through in one of two ways, as cairo does it:
 *
 * - *line by line*: on each of the row's 15 sampling lines, the edges that cross it are sorted from
 *   left to right, x rounded to 1/256 pixel, and the lengths inside are added up;
 * - *at once*, if no edge begins or ends within the row and none cross: the areas between edges are
 *   added up column by column, heights rounded down to 1/15 pixel.
 *
 * Both count in units of 1/(2 · 15 · 256) pixel. A row's sums are kept as differences, two for each
 * column of pixels: how many lines begin (+) or stop (−) to be covered there, and what these do not
 * cover of the column itself. So a running sum along the row gives the covered area of every pixel.
 *
 * An edge is named by where its record begins (see `edges.js`). Edges stay in the order in which
 * they were sorted on the line before; new ones are merged in. The order of those that share one x
 * is seen in one place only: it decides whether two of them cross.
 *
 * The twin of `inkgrad/drawing/scan.py` (see `pen.js`).
 *
 * @module
 */

import {
  AFTER,
  BELOW_PART,
  BELOW_WHOLE,
  CELL,
  DX,
  DY,
  FIRST,
  LINES,
  PART,
  PER,
  RECORD,
  SIGN,
  STEP_PART,
  STEP_WHOLE,
  STOP,
  WHOLE,
  X,
  Y,
} from "./edges.js";
import { floorDivide } from "./numbers.js";
import { UNIT } from "./pen.js";

/** @typedef {import("./edges.js").Edges} Edges */

// In what follows, `edges` are the records of `Edges`.

const NONE = -1;
const FULL = 2 * LINES * UNIT; // the area of a pixel

/** What the scan writes to, for a bitmap of some side and any number of edges. */
export class Lists {
  /** The edges that cross the current line, from left to right. */
  order = new Int32Array(0);
  /** Those that begin on it. */
  fresh = new Int32Array(0);
  /** Room for merging. */
  spare = new Int32Array(0);

  /** @param {number} side in pixels */
  constructor(side) {
    /** By line: the first edge that begins there. */
    this.begins = new Int32Array(side * LINES);
    /** A row's sums: twice as many as columns, and then the first and last column with any. */
    this.sums = new Int32Array(2 * side + 2);
  }

  /**
   * See that the lists of edges have room for so many.
   *
   * @param {number} edges
   */
  reserve(edges) {
    if (edges > this.order.length) {
      this.order = new Int32Array(2 * edges);
      this.fresh = new Int32Array(2 * edges);
      this.spare = new Int32Array(2 * edges);
    }
  }
}

/**
 * Paint the shape that some edges enclose in white over the side × side pixels of a bitmap.
 *
 * A pixel of which the part c is covered is given the opacity a = 255 c, rounded, and
 * v ← a + v (255 − a) / 255, rounded, but 128/255 is rounded down.
 *
 * @param {Uint8Array} bitmap
 * @param {number} side
 * @param {Edges} outline
 * @param {Lists} lists
 */
export function paint(bitmap, side, outline, lists) {
  lists.reserve(outline.end / RECORD);
  const edges = outline.data;
  const { order, fresh, spare, begins, sums } = lists;
  const last = sortByFirstLine(edges, outline.end, begins);
  let n = 0;
  sums[2 * side] = side;
  sums[2 * side + 1] = -1;
  for (let y = 0; y < side; y++) {
    const line = y * LINES;
    n = enter(edges, order, n, begins[line], fresh, spare, line);
    if (n === 0 && line > last) break;
    let later = false;
    for (let k = line + 1; k < line + LINES && !later; k++) later = begins[k] !== NONE;
    if (n === 0 && !later) continue;
    if (!later && undisturbed(edges, order, n, line + LINES)) {
      n = coverAtOnce(edges, order, n, line + LINES, sums, side);
    } else {
      coverLine(edges, order, n, sums, side);
      n = advance(edges, order, n, line + 1);
      for (let k = line + 1; k < line + LINES; k++) {
        if (begins[k] !== NONE) n = enter(edges, order, n, begins[k], fresh, spare, k);
        if (n > 0) {
          coverLine(edges, order, n, sums, side);
          n = advance(edges, order, n, k + 1);
        }
      }
    }
    blend(bitmap, y * side, sums, side);
  }
}

/**
 * List the edges that begin on each line, in their own order; return the last such line.
 *
 * @param {Int32Array} edges
 * @param {number} end
 * @param {Int32Array} begins
 */
function sortByFirstLine(edges, end, begins) {
  let last = 0;
  begins.fill(NONE);
  for (let e = end - RECORD; e >= 0; e -= RECORD) {
    const first = edges[e + FIRST];
    edges[e + AFTER] = begins[first];
    begins[first] = e;
    if (first > last) last = first;
  }
  return last;
}

/**
 * Merge e, and those after it, into the n edges that cross a line; return their new number.
 *
 * @param {Int32Array} edges
 * @param {Int32Array} order
 * @param {number} n
 * @param {number} e
 * @param {Int32Array} fresh
 * @param {Int32Array} spare
 * @param {number} line
 */
function enter(edges, order, n, e, fresh, spare, line) {
  if (e === NONE) return n;
  let count = 0;
  while (e !== NONE) {
    // x = x0 + (y − y0) dx / dy at y = (line + 1/2) / 15 pixel, over 60 dy: halves stay whole.
    const per = 4 * LINES * edges[e + DY];
    const run = (2 * UNIT * (2 * line + 1) - 4 * LINES * edges[e + Y]) * edges[e + DX];
    const step = 4 * UNIT * edges[e + DX];
    const whole = floorDivide(run, per);
    const stepWhole = floorDivide(step, per);
    edges[e + PER] = per;
    edges[e + STEP_WHOLE] = stepWhole;
    edges[e + STEP_PART] = step - stepWhole * per;
    moveTo(edges, e, whole + edges[e + X], run - whole * per, per);
    fresh[count++] = e;
    e = edges[e + AFTER];
  }
  sort(edges, fresh, count, spare);
  if (n === 0) {
    for (let i = 0; i < count; i++) order[i] = fresh[i];
    return count;
  }
  for (let i = 0; i < n; i++) spare[i] = order[i];
  merge(edges, order, 0, spare, 0, n, fresh, 0, count);
  return n + count;
}

/**
 * Note where an edge is on the current line, whole + part / per; return that, rounded.
 *
 * @param {Int32Array} edges
 * @param {number} e
 * @param {number} whole
 * @param {number} part
 * @param {number} per
 */
function moveTo(edges, e, whole, part, per) {
  const cell = whole + reaches(2 * part, per);
  edges[e + WHOLE] = whole;
  edges[e + PART] = part;
  edges[e + CELL] = cell;
  return cell;
}

/**
 * Return 1 if a ≥ b, else 0; without a branch, which processors would guess wrong here.
 *
 * @param {number} a
 * @param {number} b
 */
function reaches(a, b) {
  return (b - 1 - a) >>> 31;
}

/**
 * Return the column of pixels that holds x: x / 256, rounded down.
 *
 * @param {number} x
 */
function columnOf(x) {
  return x >> 8;
}

/**
 * Sort the list `fresh` by x: pairs, then pairs of pairs, and so on.
 *
 * @param {Int32Array} edges
 * @param {Int32Array} fresh
 * @param {number} n
 * @param {Int32Array} spare
 */
function sort(edges, fresh, n, spare) {
  for (let width = 1; width < n; width *= 2) {
    for (let a = 0; a < n; a += 2 * width) {
      const b = Math.min(a + width, n);
      merge(edges, spare, a, fresh, a, b, fresh, b, Math.min(a + 2 * width, n));
    }
    for (let i = 0; i < n; i++) fresh[i] = spare[i];
  }
}

/**
 * Merge the sorted lists a[i … aStop − 1] and b[j … bStop − 1] by x into `to`, from t on.
 *
 * Of equals, the one from the list comes first that was being taken from.
 *
 * @param {Int32Array} edges
 * @param {Int32Array} to
 * @param {number} t
 * @param {Int32Array} a
 * @param {number} i
 * @param {number} aStop
 * @param {Int32Array} b
 * @param {number} j
 * @param {number} bStop
 */
function merge(edges, to, t, a, i, aStop, b, j, bStop) {
  let fromA = true;
  while (i < aStop && j < bStop) {
    const x = edges[a[i] + CELL];
    const other = edges[b[j] + CELL];
    fromA = x < other || (fromA && x === other);
    to[t++] = fromA ? a[i++] : b[j++];
  }
  while (i < aStop) to[t++] = a[i++];
  while (j < bStop) to[t++] = b[j++];
}

/**
 * Tell whether all edges reach the row below, which begins at `line`, in the same order.
 *
 * @param {Int32Array} edges
 * @param {Int32Array} order
 * @param {number} n
 * @param {number} line
 */
function undisturbed(edges, order, n, line) {
  let last = -Infinity;
  for (let i = 0; i < n; i++) {
    const e = order[i];
    if (edges[e + STOP] < line) return false;
    lookBelow(edges, e);
    const cell = edges[e + BELOW_WHOLE] + reaches(2 * edges[e + BELOW_PART], edges[e + PER]);
    if (cell < last) return false;
    last = cell;
  }
  return true;
}

/**
 * Note where an edge is a whole row farther down.
 *
 * @param {Int32Array} edges
 * @param {number} e
 */
function lookBelow(edges, e) {
  const per = edges[e + PER];
  const part = edges[e + PART] + LINES * edges[e + STEP_PART];
  const over = floorDivide(part, per);
  edges[e + BELOW_WHOLE] = edges[e + WHOLE] + LINES * edges[e + STEP_WHOLE] + over;
  edges[e + BELOW_PART] = part - over * per;
}

/**
 * Add the areas of a whole row of pixels, and go on to the next, which begins at `line`.
 *
 * `undisturbed` has noted where the edges are there.
 *
 * @param {Int32Array} edges
 * @param {Int32Array} order
 * @param {number} n
 * @param {number} line
 * @param {Int32Array} sums
 * @param {number} side
 */
function coverAtOnce(edges, order, n, line, sums, side) {
  let i = 0;
  while (i < n) {
    const left = order[i++];
    let right = left;
    let winding = edges[left + SIGN];
    let open = true;
    while (open) {
      right = order[i++];
      winding += edges[right + SIGN];
      const alone = i === n || edges[order[i] + CELL] !== edges[right + CELL];
      open = winding !== 0 || !alone;
    }
    coverBeside(edges, left, 1, sums, side);
    coverBeside(edges, right, -1, sums, side);
  }
  let kept = 0;
  for (i = 0; i < n; i++) {
    const e = order[i];
    if (edges[e + STOP] > line) {
      moveTo(edges, e, edges[e + BELOW_WHOLE], edges[e + BELOW_PART], edges[e + PER]);
      order[kept++] = e;
    }
  }
  return kept;
}

/**
 * Add the area right of an edge in a row of pixels, or take it away (sign −1).
 *
 * @param {Int32Array} edges
 * @param {number} e
 * @param {number} sign
 * @param {Int32Array} sums
 * @param {number} side
 */
function coverBeside(edges, e, sign, sums, side) {
  const per = edges[e + PER];
  // Lines run in the middle of what they stand for: half a step back, rounded towards zero.
  let backWhole = edges[e + STEP_WHOLE];
  let backPart = edges[e + STEP_PART];
  if (backWhole < 0 && backPart > 0) {
    backWhole += 1;
    backPart -= per;
  }
  backWhole = Math.trunc(backWhole / 2);
  backPart /= 2; // an even number
  let x0 = edges[e + WHOLE] - backWhole;
  let part0 = edges[e + PART] - backPart;
  let over = carry(part0, per);
  x0 += over;
  part0 -= over * per;
  let x1 = edges[e + BELOW_WHOLE] - backWhole;
  let part1 = edges[e + BELOW_PART] - backPart;
  over = carry(part1, per);
  x1 += over;
  part1 -= over * per;
  if (columnOf(x1) < columnOf(x0)) {
    [x0, part0, x1, part1] = [x1, part1, x0, part0];
  }
  const first = columnOf(x0);
  const last = columnOf(x1);
  const inFirst = x0 - first * UNIT;
  const inLast = x1 - last * UNIT;
  if (first === last) {
    add(sums, side, first, sign * LINES, sign * LINES * (inFirst + inLast));
    return;
  }
  const run = (x1 - x0) * per + part1 - part0;
  let above = 0;
  for (let column = first; column < last; column++) {
    const height = floorDivide((((column + 1) * UNIT - x0) * per - part0) * LINES, run);
    const part = sign * (height - above);
    add(sums, side, column, part, part * (UNIT + (column === first ? inFirst : 0)));
    above = height;
  }
  const part = sign * (LINES - above);
  add(sums, side, last, part, part * inLast);
}

/**
 * Return what a part, from −per to 2 per − 1, has above or below 0 … per − 1, in wholes.
 *
 * @param {number} part
 * @param {number} per
 */
function carry(part, per) {
  return part < 0 ? -1 : reaches(part, per);
}

/**
 * Add the lengths inside on one line.
 *
 * @param {Int32Array} edges
 * @param {Int32Array} order
 * @param {number} n
 * @param {Int32Array} sums
 * @param {number} side
 */
function coverLine(edges, order, n, sums, side) {
  let winding = 0;
  let start = NONE;
  for (let i = 0; i < n; i++) {
    const e = order[i];
    const x = edges[e + CELL];
    winding += edges[e + SIGN];
    if (winding === 0) {
      if (start !== NONE && (i + 1 === n || edges[order[i + 1] + CELL] !== x)) {
        if (x !== start) {
          let column = columnOf(start);
          add(sums, side, column, 1, 2 * (start - column * UNIT));
          column = columnOf(x);
          add(sums, side, column, -1, -2 * (x - column * UNIT));
        }
        start = NONE;
      }
    } else if (start === NONE) {
      start = x;
    }
  }
}

/**
 * Take the edges on to the next line, those that reach it; return how many these are.
 *
 * @param {Int32Array} edges
 * @param {Int32Array} order
 * @param {number} n
 * @param {number} line
 */
function advance(edges, order, n, line) {
  let kept = 0;
  for (let i = 0; i < n; i++) {
    const e = order[i];
    if (edges[e + STOP] <= line) continue;
    const per = edges[e + PER];
    const part = edges[e + PART] + edges[e + STEP_PART];
    const over = reaches(part, per);
    const whole = edges[e + WHOLE] + edges[e + STEP_WHOLE] + over;
    const cell = moveTo(edges, e, whole, part - (per & -over), per); // quicker than over * per
    let k = kept++;
    while (k > 0 && edges[order[k - 1] + CELL] > cell) {
      order[k] = order[k - 1];
      k -= 1;
    }
    order[k] = e;
  }
  return kept;
}

/**
 * Add to one column's sums; a column left of the picture counts for all that follow.
 *
 * @param {Int32Array} sums
 * @param {number} side
 * @param {number} column
 * @param {number} height
 * @param {number} area
 */
function add(sums, side, column, height, area) {
  if (column < 0) {
    column = 0;
    area = 0;
  } else if (column >= side) {
    sums[2 * side + 1] = side - 1;
    return;
  }
  sums[2 * column] += height;
  sums[2 * column + 1] += area;
  if (column < sums[2 * side]) sums[2 * side] = column;
  if (column > sums[2 * side + 1]) sums[2 * side + 1] = column;
}

/**
 * Paint one row of pixels over the bitmap, and clear its sums.
 *
 * @param {Uint8Array} bitmap
 * @param {number} at
 * @param {Int32Array} sums
 * @param {number} side
 */
function blend(bitmap, at, sums, side) {
  let covered = 0;
  const last = sums[2 * side + 1];
  for (let column = sums[2 * side]; column <= last; column++) {
    covered += sums[2 * column];
    const area = 2 * UNIT * covered - sums[2 * column + 1];
    sums[2 * column] = 0;
    sums[2 * column + 1] = 0;
    const opacity = floorDivide(255 * area + FULL / 2, FULL); // rounded
    if (opacity > 0) {
      const seen = bitmap[at + column] * (255 - opacity);
      bitmap[at + column] = opacity + floorDivide(seen + 126, 255);
    }
  }
  sums[2 * side] = side;
  sums[2 * side + 1] = -1;
}
