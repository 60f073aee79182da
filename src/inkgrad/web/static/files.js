/**
 * Drawings and models as files, to save and to open again.
 *
 * Drawings are lines of JSON as in Google's simplified files (`{"word": …, "drawing": …}`), which
 * `inkgrad train --data FILE` and `inkgrad predict MODEL FILE` read.
 *
 * @module
 */
import { parseJson } from "./json.js";
import { intoFrame } from "./simplify.js";
import { DrawingError, checkStrokes } from "./strokes.js";

/** @typedef {import("./strokes.js").Drawing} Drawing */

const LARGEST = 64e6; // bytes of a file that is opened: a model of 16 million parameters

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
 * Read drawings from lines of JSON.
 *
 * @param {string} text
 * @param {string} name of the file, for errors
 * @returns {Map<string, Drawing[]>} drawings by class
 * @throws {DrawingError} if a line is no drawing
 */
export function fromNdjson(text, name) {
  const collection = new Map();
  text.split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    const where = `${name}, line ${i + 1}`;
    const { word, drawing } = parse(line, where);
    if (typeof word !== "string" || word.trim() === "") {
      throw new DrawingError(`${where}: it has no word; give every drawing a name, {"word": "cat", …}`);
    }
    const strokes = checkStrokes(drawing, where);
    if (!collection.has(word)) collection.set(word, []);
    collection.get(word).push(strokes.map(([xs, ys]) => [Array.from(xs), Array.from(ys)]));
  });
  if (collection.size === 0) throw new DrawingError(`${name} holds no drawings`);
  return collection;
}

function parse(line, where) {
  let value = null;
  try {
    value = parseJson(line);
  } catch (error) {
    if (error.message !== "not valid JSON") throw new DrawingError(`${where}: ${error.message}`);
  }
  if (typeof value === "object" && value !== null) return value;
  throw new DrawingError(`${where}: it is not JSON, {"word": "cat", "drawing": [[xs, ys], …]}`);
}

/**
 * Hand a file to the browser, to be kept where it keeps downloads.
 *
 * @param {string} name
 * @param {string | Uint8Array} content
 */
export function saveFile(name, content) {
  const address = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/**
 * Read a file of either kind that somebody chose or dropped.
 *
 * @param {File} file
 * @returns {Promise<{ model: Uint8Array } | { collection: Map<string, Drawing[]> }>}
 * @throws {Error} in a sentence, if it is of no kind that we know, or too large
 */
export async function openFile(file) {
  if (file.size > LARGEST) {
    throw new Error(`${file.name} is larger than 64 MB; open a model or drawings saved here`);
  }
  if (file.name.endsWith(".safetensors")) {
    return { model: new Uint8Array(await file.arrayBuffer()) };
  }
  if (/\.(ndjson|json)$/.test(file.name)) {
    return { collection: fromNdjson(await file.text(), file.name) };
  }
  throw new Error(`${file.name} is no file that can be opened; give .safetensors or .ndjson`);
}

/**
 * Turn a class's name into a file's: letters, digits and hyphens.
 *
 * @param {string} name
 * @returns {string}
 *
 * @example
 * asFileName("The Mona Lisa"); // "the-mona-lisa"
 */
export function asFileName(name) {
  const plain = name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "");
  return plain || "drawings";
}
