/**
 * Drawings as text: lines of JSON as in Google's simplified files (`{"word": …, "drawing": …}`),
 * which `inkgrad train --data FILE` and `inkgrad predict MODEL FILE` read.
 *
 * @module
 */
import { parseJson } from "../json.js";
import { intoFrame } from "./simplify.js";
import { strokesFromJson } from "./strokeforms.js";
import { DrawingError, checkStrokes } from "./strokes.js";

/** @typedef {import("./strokes.js").Drawing} Drawing */

const GOOGLES = ["key_id", "recognized", "countrycode", "timestamp"]; // which others do not write

/**
 * Write drawings as lines of JSON, in the form of Google's simplified ones.
 *
 * They are drawn as the very pixels that the page shows.
 *
 * @param {Map<string, Drawing[]>} collection drawings by class
 * @returns {string}
 *
 * @example
 * toNdjson(new Map([["dash", [[[[10, 30], [5, 5]]]]]]));
 * // '{"word":"dash","recognized":true,"drawing":[[[0,255],[0,0]]]}\n'
 */
export function toNdjson(collection) {
  let text = "";
  for (const [word, drawings] of collection) {
    for (const drawing of drawings) {
      const rows = intoFrame(drawing).map(([xs, ys]) => [Array.from(xs), Array.from(ys)]);
      text += `${JSON.stringify({ word, recognized: true, drawing: rows })}\n`;
    }
  }
  return text;
}

/**
 * Read drawings from lines of JSON, or from a list of them; strokes may have any of the forms that
 * `strokesFromJson` knows.
 *
 * @param {string} text
 * @param {string} name of the file, for errors
 * @returns {Map<string, Drawing[]>} drawings by class
 * @throws {DrawingError} if a line is no drawing
 */
export function fromNdjson(text, name) {
  refuseImpostor(text, name);
  const collection = new Map();
  for (const [value, where] of records(text, name)) {
    const { word } = value;
    if (typeof word !== "string" || word.trim() === "") {
      throw new DrawingError(
        `${where}: it has no word; give every drawing a name, {"word": "cat", …}`,
      );
    }
    const place = GOOGLES.some((key) => (value[key] ?? null) !== null) ? "rows" : "field";
    const [drawing] = strokesFromJson("drawing" in value ? value.drawing : value, where, place);
    const strokes = checkStrokes(drawing, where);
    if (!collection.has(word)) collection.set(word, []);
    collection.get(word).push(strokes.map(([xs, ys]) => [Array.from(xs), Array.from(ys)]));
  }
  if (collection.size === 0) throw new DrawingError(`${name} holds no drawings`);
  return collection;
}

/**
 * Yield the objects in a text, one a line or in one list, each with what an error calls it.
 *
 * @param {string} text
 * @param {string} name
 * @returns {Generator<[any, string]>}
 */
function* records(text, name) {
  /** @type {unknown} */
  let whole = null;
  try {
    whole = parseJson(text);
  } catch {
    // lines, then
  }
  if (whole !== null && typeof whole === "object") {
    const list = Array.isArray(whole) ? whole : [whole];
    for (const [i, value] of list.entries()) {
      const where = `${name}, ${Array.isArray(whole) ? "drawing" : "line"} ${i + 1}`;
      yield [asObject(value, where), where];
    }
    return;
  }
  for (const [i, line] of text.split("\n").entries()) {
    const where = `${name}, line ${i + 1}`;
    if (line.trim() !== "") yield [asObject(parse(line, where), where), where];
  }
}

/**
 * @param {string} line
 * @param {string} where
 */
function parse(line, where) {
  try {
    return parseJson(line);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    if (message !== "not valid JSON") throw new DrawingError(`${where}: ${message}`);
    return null;
  }
}

/**
 * @param {unknown} value
 * @param {string} where
 * @returns {any}
 */
function asObject(value, where) {
  if (typeof value === "object" && value !== null) return value;
  throw new DrawingError(`${where}: it is not JSON, {"word": "cat", "drawing": [[xs, ys], …]}`);
}

/**
 * Throw if a text is a web page, or a pointer of Git LFS, in place of drawings.
 *
 * @param {string} text
 * @param {string} name
 */
function refuseImpostor(text, name) {
  const beginning = text.slice(0, 2048).replace(/<!--[\s\S]*?-->/g, "");
  if (beginning.startsWith("version https://git-lfs")) {
    throw new DrawingError(
      `${name} is a Git LFS pointer, not drawings; fetch the file with git lfs pull`,
    );
  }
  if (/^\s*(<\?xml[^>]*>\s*)?<(!doctype\s+html|html|head|body)\b/i.test(beginning)) {
    throw new DrawingError(`${name} is a web page (HTML), not drawings; fetch the file itself`);
  }
}

/**
 * Decode a text as its first bytes say: UTF-16 as Windows programs save it, or else UTF-8.
 *
 * @param {Uint8Array} bytes
 * @param {string} name of the file, for errors
 * @returns {string} without its byte-order mark
 * @throws {DrawingError} if it is not text so encoded
 */
export function decodeText(bytes, name) {
  const [a, b] = bytes;
  const little = (a === 0xff && b === 0xfe) || (a !== 0 && b === 0);
  const big = (a === 0xfe && b === 0xff) || (a === 0 && b !== 0);
  const encoding = little ? "utf-16le" : big ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    const known = encoding.slice(0, 6).replace("utf-8", "UTF-8").replace("utf-16", "UTF-16");
    throw new DrawingError(`${name} is not text in ${known}; save the file as text in UTF-8`);
  }
}
