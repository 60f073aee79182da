/**
 * Drawings and models as files, to save and to open again.
 *
 * @module
 */
import { decodeText, fromNdjson } from "../drawing/ndjson.js";
import { TEXTS } from "./texts.js";

/** @typedef {import("../drawing/strokes.js").Drawing} Drawing */

const LARGEST = 64e6; // bytes of a file that is opened: a model of 16 million parameters

/**
 * Hand a file to the browser, to be kept where it keeps downloads.
 *
 * @param {string} name
 * @param {string | Uint8Array<ArrayBuffer>} content
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
    throw new Error(TEXTS.files.tooLarge(file.name));
  }
  if (file.name.endsWith(".safetensors")) {
    return { model: new Uint8Array(await file.arrayBuffer()) };
  }
  if (/\.(ndjson|jsonl|json)$/i.test(file.name)) {
    const text = decodeText(new Uint8Array(await file.arrayBuffer()), file.name);
    return { collection: fromNdjson(text, file.name) };
  }
  throw new Error(TEXTS.files.unknown(file.name));
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
  const plain = name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "");
  return plain || "drawings";
}
