/**
 * The forms of strokes in JSON: Google's rows, and what drawing pages save.
 *
 * The twin of `inkgrad/drawing/stroke_forms.py`, which tells which forms there are: the same
 * strokes and the same errors word for word. Documents of Excalidraw and tldraw are read by Python
 * alone.
 *
 * @module
 */

import { DrawingError, MAX_COORDINATE, withCommas } from "./strokes.js";

/** @typedef {import("./strokes.js").Drawing} Drawing */
/** @typedef {number[][]} Numbers lists in a list */

/** The name of Google's own form. */
export const ROWS = "rows [xs, ys]";

/** The name of its transpose. */
export const POINTS = "points [x, y]";

const GROUPS = ["points", "lines", "paths", "strokes", "drawing", "path", "stroke", "data"];
/** @type {Record<string, unknown[]>} */
const ERASERS = {
  drawMode: [false], // react-sketch-canvas
  tool: ["eraser"], // Konva's example
  type: ["eraser"],
  mode: ["eraser", "erase"],
  compositeOperation: ["destination-out"], // signature_pad
  globalCompositeOperation: ["destination-out"],
};

/**
 * Find the strokes in parsed JSON, and say in which form they were.
 *
 * @param {any} value one drawing: a list of strokes, one stroke, or an object with a list of them
 * @param {string} [where] how an error calls the drawing
 * @param {"rows" | "points" | "field" | "list"} [place] where it was found: among rows, as in
 *   Google's records, or among points; in a field that is documented to hold rows; in a list
 * @returns {[Drawing, string]} strokes, still to be checked by `checkStrokes`, and their form
 * @throws {DrawingError} if they may be rows as well as points, are of two forms, or were erased
 *
 * @example
 * strokesFromJson([[[1, 2], [3, 4], [5, 6], [7, 8]]]);
 * // [[[[1, 3, 5, 7], [2, 4, 6, 8]]], "points [x, y]"]
 */
export function strokesFromJson(value, where = "drawing", place = "list") {
  const depth = depthOf(value);
  while (depth > 2 && isObject(value)) {
    const key = groupOf(value, where);
    if (key === undefined) break;
    value = value[key];
  }
  const alone = depth === 2 && !(Array.isArray(value) && value.length === 1);
  const strokes = alone ? [value] : value;
  if (!Array.isArray(strokes) || strokes.length === 0) return [strokes, ROWS];
  const found = strokes.map((stroke, i) => open(stroke, i + 1, where));
  const form = found[0][0];
  const other = found.findIndex(([another]) => another !== form);
  if (other >= 0) {
    throw new DrawingError(
      `${where}: stroke ${other + 1} is of another form than stroke 1; ` +
        "give all strokes as [xs, ys]",
    );
  }
  const opened = found.map(([, stroke]) => stroke);
  return form ? [opened, form] : decide(opened, where, place);
}

/**
 * Return how many lists are around the first number: 2 in a stroke, 3 in a drawing.
 *
 * @param {any} value
 * @returns {number}
 *
 * @example
 * depthOf([{ points: [{ x: 1, y: 2 }] }]); // 3
 */
export function depthOf(value) {
  let depth = 0;
  while (Array.isArray(value) || isObject(value)) {
    if (Array.isArray(value)) {
      depth += 1;
      if (value.length === 0) break;
      value = value[0];
    } else if (has(value, "x") && has(value, "y")) {
      return depth + (Array.isArray(value.x) ? 2 : 1);
    } else {
      const key = groupOf(value);
      if (key === undefined) break;
      value = value[key];
      if (Array.isArray(value) && typeof value[0] === "number") return depth + 2; // x, y, x, y, …
    }
  }
  return depth;
}

/**
 * Return the key under which an object has its list of points or strokes.
 *
 * @param {any} value
 * @param {string} [where]
 */
function groupOf(value, where = "") {
  const keys = GROUPS.filter(
    (key) => has(value, key) && (Array.isArray(value[key]) || isObject(value[key])),
  );
  if (where && keys.length > 1) {
    throw new DrawingError(
      `${where}: both "${keys[0]}" and "${keys[1]}" hold lists; keep the one with the strokes`,
    );
  }
  return keys[0];
}

/**
 * Return a stroke's form and the stroke as [xs, ys]; "" and itself, if that is still to be told.
 *
 * @param {any} stroke
 * @param {number} number
 * @param {string} where
 * @returns {[string, any]}
 */
function open(stroke, number, where) {
  if (isObject(stroke)) {
    for (const [key, values] of Object.entries(ERASERS)) {
      if (has(stroke, key) && values.includes(stroke[key])) {
        throw new DrawingError(
          `${where}: stroke ${number} is an eraser's, which strokes cannot show; ` +
            "save the drawing as a picture (PNG)",
        );
      }
    }
    if (Array.isArray(stroke.x) && Array.isArray(stroke.y)) {
      return ["rows {x, y}", [stroke.x, stroke.y]];
    }
    const key = groupOf(stroke, where);
    if (key !== undefined) stroke = stroke[key];
    if (Array.isArray(stroke) && typeof stroke[0] === "number") {
      if (stroke.length % 2) {
        throw new DrawingError(
          `${where}: stroke ${number} has ${withCommas(stroke.length)} numbers; ` +
            "x, y, x, y, … are even",
        );
      }
      const numbers = /** @type {unknown[]} */ (stroke);
      const every = (/** @type {number} */ odd) => numbers.filter((_, i) => i % 2 === odd);
      return ["points x, y, x, y", [every(0), every(1)]];
    }
  }
  if (Array.isArray(stroke) && stroke.some(isObject)) {
    if (!stroke.every((point) => isObject(point) && has(point, "x") && has(point, "y"))) {
      throw new DrawingError(
        `${where}: stroke ${number} holds something else than points; give every point as ` +
          '{"x": …, "y": …}',
      );
    }
    return ["points {x, y}", [stroke.map(({ x }) => x), stroke.map(({ y }) => y)]];
  }
  return ["", stroke];
}

/**
 * Return lists of lists as strokes: as rows or as points, whichever they are.
 *
 * @param {any[]} strokes
 * @param {string} where
 * @param {string} place
 * @returns {[Drawing, string]}
 */
function decide(strokes, where, place) {
  const isRows = strokes.every((s) => isTable(s) && (s.length === 2 || s.length === 3));
  if (isRows && (place === "rows" || !strokes.every((s) => [2, 3].includes(s[0].length)))) {
    return [strokes, ROWS];
  }
  const lengths = new Set(strokes.map((s) => (isTable(s) ? s[0].length : 0)));
  const [length] = lengths;
  if (lengths.size > 1 || length < 2 || length > 8 || !strokes.every(isNumeric)) {
    return [strokes, ROWS]; // or neither, which is refused by its check
  }
  const points = strokes.map((s) => [s.map((point) => point[0]), s.map((point) => point[1])]);
  const rows = strokes.map((s) => s.slice(0, 2));
  if (!isRows) return isADrawing(points) ? [points, POINTS] : [strokes, ROWS];
  const withoutTimes = strokes.every((s) => s.length === 2);
  if (areSame(points, rows) || (place === "field" && withoutTimes)) return [strokes, ROWS];
  if (place === "points") return [points, POINTS];
  const asRows = areBelievableRows(strokes);
  const asPoints = areBelievablePoints(strokes, points);
  if (asRows !== asPoints) return asRows ? [strokes, ROWS] : [points, POINTS];
  if (place === "field" && strokes.every((s) => s.length === 3) && strokes[0][2][0] === 0) {
    return [strokes, ROWS]; // with times from 0
  }
  if (place === "list") {
    // nobody but Google draws in Google's frame
    const [a, b] = [rows, points].map(fillsFrame);
    if (a !== b) return a ? [strokes, ROWS] : [points, POINTS];
  }
  const times = withoutTimes ? "" : ", ts";
  const more = length === 2 ? "" : ", pressure or time";
  throw new DrawingError(
    `${where}: the strokes may be rows [xs, ys${times}] or points [x, y${more}]; ` +
      'write {"drawing": [[xs, ys], …]} for rows without times, or {"x": …, "y": …} for points',
  );
}

/**
 * Whether times, if there are any, go forward, and last values are not pressures.
 *
 * @param {Numbers[]} strokes
 */
function areBelievableRows(strokes) {
  if (!goForward(strokes.flatMap((s) => s.slice(2).flat()))) return false;
  const rows = strokes.flatMap((s) => s.slice(0, 2));
  if (!areWithinBounds(rows)) return false;
  const last = rows.flatMap((row) => (row.length === 3 ? [row[2]] : []));
  return !(arePressures(last) && last.some((z) => z % 1 !== 0) && !arePressures(rows.flat()));
}

/**
 * Whether what follows x and y, if anything does, are pressures or times, and it is no dot.
 *
 * @param {Numbers[]} strokes
 * @param {Numbers[]} points
 */
function areBelievablePoints(strokes, points) {
  const third = strokes.flat().flatMap((point) => (point.length === 3 ? [point[2]] : []));
  if (third.length > 0 && !arePressures(third) && !goForward(third)) return false;
  return isADrawing(points);
}

/**
 * Whether strokes begin at 0 on both axes and end at 255 on the longer, as Google's all do.
 * Exactly so: rows and their transpose may both come near it (`isSimplified`).
 *
 * @param {Numbers[]} strokes
 */
function fillsFrame(strokes) {
  const extremes = [0, 1].map((row) => {
    const axis = strokes.flatMap((s) => s[row]);
    return [axis.reduce((a, b) => Math.min(a, b)), axis.reduce((a, b) => Math.max(a, b))];
  });
  return (
    extremes.every(([least]) => least === 0) &&
    Math.max(...extremes.map(([, greatest]) => greatest)) === 255
  );
}

/**
 * Whether strokes are more than a dot, and within the bounds of coordinates.
 *
 * @param {Numbers[]} points
 */
function isADrawing(points) {
  const axes = [0, 1].map((row) => points.flatMap((s) => s[row]));
  return axes.some((axis) => axis.some((value) => value !== axis[0])) && areWithinBounds(axes);
}

/** @param {Numbers} rows */
function areWithinBounds(rows) {
  return rows.every((row) => row.every((value) => Math.abs(value) <= MAX_COORDINATE));
}

/** @param {number[]} numbers */
function arePressures(numbers) {
  return numbers.length > 0 && numbers.every((z) => z >= 0 && z <= 1);
}

/** @param {number[]} numbers */
function goForward(numbers) {
  return numbers.every((value, i) => i === 0 || numbers[i - 1] <= value);
}

/**
 * @param {unknown} a
 * @param {unknown} b
 */
function areSame(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * Whether a stroke is a list of equally long lists, which are not empty.
 *
 * @param {unknown} stroke
 */
function isTable(stroke) {
  if (!Array.isArray(stroke)) return false;
  const lengths = new Set(stroke.map((row) => (Array.isArray(row) ? row.length : 0)));
  return lengths.size === 1 && !lengths.has(0);
}

/** @param {unknown[][]} stroke */
function isNumeric(stroke) {
  return stroke.every((row) => row.every((value) => typeof value === "number"));
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, any>}
 */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param {object} value
 * @param {string} key
 */
function has(value, key) {
  return Object.hasOwn(value, key);
}
