/**
 * What can be wrong with a network or a model file: one sentence each, fit to be shown to people.
 *
 * The twins of `inkgrad/errors.py`; what is wrong with a drawing is told by `drawing/strokes.js`.
 *
 * @module
 */

import { SentenceError, inWordsOfJson } from "./text.js";

/** A network or an array has a shape that does not fit. */
export class ShapeError extends SentenceError {
  name = "ShapeError";
}

/** A model file is damaged, hostile or of another kind. */
export class ModelError extends SentenceError {
  name = "ModelError";
}

/**
 * Say what was given where something else was expected: short texts and numbers as they are.
 *
 * @param {unknown} value as JSON gives it
 * @returns {string}
 *
 * @example
 * [7, "Exec", null, [3, 0], [{}]].map(inShort); // ["7", "'Exec'", "null", "[3, 0]", "a list"]
 */
export function inShort(value) {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string" && value.length <= 40) return `'${value}'`;
  if (!Array.isArray(value)) return inWordsOfJson(value);
  const isShort = value.length <= 4 && value.every((inner) => typeof inner === "number");
  return isShort ? `[${value.join(", ")}]` : "a list";
}

/**
 * Say which names there are, at most twelve of them.
 *
 * @param {string[]} names
 * @returns {string}
 *
 * @example
 * inAList(["b", "a"]); // "a, b"
 */
export function inAList(names) {
  const shown = [...names].sort().slice(0, 12);
  return (shown.join(", ") || "none") + (names.length > shown.length ? ", …" : "");
}
