/**
 * JSON from outside: parsed as the standard has it, and refused where it is ambiguous.
 *
 * The twin of `inkgrad/json_text.py`: both refuse the same texts.
 *
 * @module
 */

import { SentenceError } from "./text.js";

/** How deeply lists and objects may be nested. */
export const DEEPEST = 500;

// Texts, brackets, the sign after a key, and numbers that may be too long or too large.
const TOKENS = /"(?:[^"\\]|\\.)*"|[[\]{}:]|[0-9]{100}|[0-9.]+[eE]\+?[0-9]{3,}/gs;

/** What is wrong with a JSON text, to be told together with where it comes from. */
export class JsonError extends SentenceError {
  name = "JsonError";
}

/**
 * Parse JSON.
 *
 * @param {string} text
 * @returns {unknown}
 * @throws {JsonError} if the text is not JSON, a key stands twice in an object, a number is too
 *   large for a float or has 100 digits or more, or it is nested more than 500 levels deep
 *
 * @example
 * parseJson('{"a": 1, "a": 2}'); // JsonError: the key 'a' stands twice in an object
 */
export function parseJson(text) {
  refuseOddities(text);
  try {
    return JSON.parse(text);
  } catch {
    throw new JsonError("not valid JSON");
  }
}

/**
 * Throw if a text, should it be JSON, is none that everybody reads alike.
 *
 * @param {string} text
 */
function refuseOddities(text) {
  const open = []; // of each object that is not closed its keys, of each list null
  let last = '""';
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === "{" || token === "[") {
      open.push(token === "{" ? new Set() : null);
      if (open.length > DEEPEST) throw new JsonError("lists are nested too deeply");
    } else if (token === "}" || token === "]") {
      open.pop();
    } else if (token === ":") {
      addKey(open[open.length - 1], last);
    } else if (token.startsWith('"')) {
      last = token;
    } else if (!/e/i.test(token)) {
      throw new JsonError("a number has 100 digits or more");
    } else if (!Number.isFinite(Number(token))) {
      throw new JsonError("a number is beyond 1.8e308");
    }
  }
}

/**
 * @param {Set<string> | null | undefined} keys
 * @param {string} token
 */
function addKey(keys, token) {
  let key;
  try {
    key = JSON.parse(token);
  } catch {
    return; // the text is not JSON, which is told when it is parsed
  }
  if (keys?.has(key)) throw new JsonError(`the key '${key}' stands twice in an object`);
  keys?.add(key);
}
