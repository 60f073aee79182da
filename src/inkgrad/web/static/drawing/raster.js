/**
 * THE rasteriser: strokes → grey pixels, as Google drew its 28×28 training bitmaps.
 *
 * The twin of `inkgrad/drawing/raster.py` and `plot.py`, and of `to_bitmap` in `simplify.py`: the
 * same pixels and the same errors word for word. `rasterize` in Python tells the method.
 *
 * @module
 */

import { Edges } from "./edges.js";
import { ModelError } from "../errors.js";
import { inWordsOfJson } from "../text.js";
import { rint } from "./numbers.js";
import { POINT, trace, walk } from "./outline.js";
import { UNIT, makePen } from "./pen.js";
import { Lists, paint } from "./scan.js";
import { intoFrame } from "./simplify.js";
import { DrawingError, boundingBox, checkStrokes, withCommas } from "./strokes.js";

/** @typedef {import("./strokes.js").Drawing} Drawing */
/** @typedef {import("./strokes.js").Strokes} Strokes */

/**
 * The rasteriser's settings, each of which may be left out.
 *
 * @typedef {object} Settings
 * @property {number} [side] width and height of the bitmap in pixels, 1 to 1024
 * @property {number} [pen] width of the pen, in units of the 256×256 canvas
 * @property {number} [padding] width of the margin beside it, in the same units
 */

/** The most pixels that a side may have. */
export const MAX_SIDE = 1024;

const CANVAS = 256; // the square in which simplified drawings live
const MOST_PIXELS = 2048; // from 0 to a coordinate: products of more could pass 2⁵³
const MOST_POINTS = 20_000; // in one stroke; real drawings have at most some hundreds in all

/**
 * What drawing writes to, and its pen: those of the settings that it was made for.
 *
 * @typedef {object} Room
 * @property {number} side
 * @property {number} width of the pen
 * @property {number} padding
 * @property {Float64Array} pen its outline, see `makePen`
 * @property {Float64Array} path
 * @property {Edges} edges
 * @property {Lists} lists
 */

/** The rasteriser's settings; a model carries those that its training drawings were made with. */
export class Raster {
  /**
   * @param {Settings} [settings]
   * @throws {DrawingError} if a setting is impossible
   *
   * @example
   * new Raster().toDict(); // {side: 28, pen: 16, padding: 16}
   */
  constructor({ side = 28, pen = 16, padding = 16 } = {}) {
    if (!(Number.isInteger(side) && 1 <= side && side <= MAX_SIDE)) {
      throw new DrawingError(`side is ${inWords(side)}; give a whole number from 1 to ${MAX_SIDE}`);
    }
    if (!(typeof pen === "number" && 0 < pen && pen <= CANVAS)) {
      throw new DrawingError(`pen is ${inWords(pen)}; give a width above 0 and up to 256`);
    }
    if (!(typeof padding === "number" && 0 <= padding && padding <= CANVAS)) {
      throw new DrawingError(`padding is ${inWords(padding)}; give a width from 0 to 256`);
    }
    /** @readonly */
    this.side = side;
    /** @readonly */
    this.pen = pen;
    /** @readonly */
    this.padding = padding;
    Object.freeze(this);
  }

  /** Pixels per unit of the canvas: side / (256 + 2 · padding + pen). */
  get scale() {
    return this.side / (CANVAS + 2 * this.padding + this.pen);
  }

  /** Return the settings as plain numbers by name, for JSON. */
  toDict() {
    return { side: this.side, pen: this.pen, padding: this.padding };
  }

  /**
   * Return the settings that `toDict` wrote.
   *
   * @param {Required<Settings>} settings
   * @returns {Raster}
   * @throws {ModelError} if a name is missing or unknown, or a value impossible
   *
   * @example
   * Raster.fromDict({ side: 28, pen: 16 });
   * // ModelError: rasteriser settings are pen, side; expected padding, pen, side
   */
  static fromDict(settings) {
    const expected = "padding, pen, side";
    const given = namesOf(settings);
    if (given !== expected) {
      throw new ModelError(`rasteriser settings are ${given || "empty"}; expected ${expected}`);
    }
    try {
      return new Raster(settings);
    } catch (error) {
      if (!(error instanceof DrawingError)) throw error;
      throw new ModelError(`rasteriser settings: ${error.message}`);
    }
  }
}

/**
 * Draw strokes of any origin, size and place as the training drawings were drawn.
 *
 * They are brought into the frame of Google's simplified drawings (`intoFrame`), then rasterised.
 *
 * @param {Drawing} drawing see `checkStrokes`; y grows downwards
 * @param {Settings} [settings]
 * @returns {Uint8Array} side × side grey levels, row by row, ink 255 on 0
 * @throws {DrawingError} if the strokes or the settings are unusable
 *
 * @example
 * // A line drawn small in one corner gives the bitmap of a large one:
 * toBitmap([[[3, 7], [900, 904]]]); // = toBitmap([[[0, 255], [0, 255]]])
 */
export function toBitmap(drawing, settings = {}) {
  const strokes = intoFrame(drawing);
  return draw(strokes, new Raster(settings));
}

/**
 * Draw a simplified drawing as Google drew its bitmaps: the same bytes.
 *
 * The 256×256 canvas gets a margin of `padding` plus half the pen all around and is scaled to
 * `side` pixels. The drawing is moved by (256 - its largest coordinate) / 2 on each axis, which
 * centres it, since the smallest coordinate of a simplified drawing is 0. Every stroke is drawn
 * with a round pen, with antialiasing, over the ones before it; a stroke of one point is a dot. The
 * drawing is **not** scaled: for strokes of any other origin use `toBitmap`.
 *
 * @param {Drawing} drawing in the frame of Google's simplified drawings, y downwards; see
 *   `checkStrokes`. What lies beyond the bitmap's border is cut off.
 * @param {Settings} [settings]
 * @returns {Uint8Array} side × side grey levels, row by row, ink 255 on 0
 * @throws {DrawingError} if the strokes or the settings are unusable, or the drawing is far too
 *   large
 *
 * @example
 * const bitmap = rasterize([[[0, 255], [0, 255]]]); // one stroke, down to the right
 * [bitmap.length, bitmap[14 * 28 + 14], bitmap[14 * 28 + 4]]; // [784, 255, 0]
 */
export function rasterize(drawing, settings = {}) {
  const raster = new Raster(settings);
  return draw(checkStrokes(drawing), raster);
}

/**
 * Draw checked strokes.
 *
 * @param {Strokes} strokes
 * @param {Raster} raster
 */
function draw(strokes, raster) {
  const frame = place(strokes, raster);
  const { side } = raster;
  const bitmap = new Uint8Array(side * side);
  const { pen, path, edges, lists } = makeRoom(strokes, raster);
  for (const [xs, ys] of strokes) {
    const end = walk(path, xs, ys, frame);
    edges.end = 0;
    trace(path, end, pen, frame, edges);
    paint(bitmap, side, edges, lists);
  }
  return bitmap;
}

/**
 * Return where a drawing stands on the canvas.
 *
 * @param {Strokes} strokes
 * @param {Raster} raster
 * @returns {import("./outline.js").Frame}
 */
function place(strokes, raster) {
  const [low, high] = boundingBox(strokes);
  const largest = Math.max(...low.map(Math.abs), ...high.map(Math.abs));
  const most = MOST_PIXELS / raster.scale;
  if (largest > most) {
    throw new DrawingError(
      `drawing: a coordinate is ${withCommas(rint(largest))} where the canvas measures 256 and ` +
        `${withCommas(Math.floor(most))} is the most that can be drawn; use to_bitmap, which ` +
        "scales a drawing first",
    );
  }
  const longest = longestOf(strokes);
  if (longest > MOST_POINTS) {
    throw new DrawingError(
      `drawing: a stroke has ${withCommas(longest)} points; at most ${withCommas(MOST_POINTS)} ` +
        "can be drawn, simplify it first",
    );
  }
  const margin = raster.padding + raster.pen / 2;
  const [right, down] = high.map((end) => margin + (CANVAS - end) / 2);
  return { right, down, scale: raster.scale, radius: raster.pen / 2, size: raster.side * UNIT };
}

/** @param {Strokes} strokes */
function longestOf(strokes) {
  return strokes.reduce((longest, [xs]) => Math.max(longest, xs.length), 0);
}

/**
 * Return the pen, and what drawing a stroke writes to: used again for the next stroke, and for the
 * next drawing if that has the same settings. Nothing that one leaves there matters to another.
 *
 * @param {Strokes} strokes
 * @param {Raster} raster
 * @returns {Room}
 */
function makeRoom(strokes, raster) {
  const { side, pen, padding } = raster;
  if (room === null || side !== room.side || pen !== room.width || padding !== room.padding) {
    room = {
      side,
      width: pen,
      padding,
      pen: makePen(pen / 2, raster.scale),
      path: new Float64Array(0),
      edges: new Edges(),
      lists: new Lists(side),
    };
  }
  const numbers = POINT * longestOf(strokes);
  if (numbers > room.path.length) room.path = new Float64Array(2 * numbers);
  return room;
}

/** @type {Room | null} */
let room = null;

/**
 * Say what was given for a setting, as Python does; it writes 0.00001 as 1e-05.
 *
 * @param {unknown} value
 */
function inWords(value) {
  if (typeof value !== "number") return inWordsOfJson(value);
  if (Number.isNaN(value)) return "nan";
  const size = Math.abs(value);
  const isPlain = value === 0 || (1e-4 <= size && size < 1e16);
  const text = isPlain ? String(value) : value.toExponential().replace("Infinity", "inf");
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

/**
 * List the names of settings in alphabetical order, or say what was given instead of them.
 *
 * @param {unknown} settings
 */
function namesOf(settings) {
  if (Array.isArray(settings) || ArrayBuffer.isView(settings)) return "a list";
  if (typeof settings !== "object" || settings === null) return inWordsOfJson(settings);
  return Object.keys(settings).sort().join(", ");
}
