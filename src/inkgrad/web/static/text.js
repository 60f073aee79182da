/**
 * Text that is safe to show: one printable line that is not too long.
 *
 * The twin of `inkgrad/text.py`; `tests/web` compares them.
 *
 * @module
 */

/** The most characters of a message; of a longer one the middle is left out. */
export const LONGEST = 300;

const BEGINNING = 120; // what was given; the rest is for what is expected, and how to mend it
const CUT = " … ";
const BREAKS = /[\t-\r\u0085\u2028\u2029]/g;
// Control characters, changes of the direction of writing, lone halves of surrogate pairs.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
const COMMANDS = /[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u{d800}-\u{dfff}]/gu;

/**
 * Return a message as one printable line of at most 300 characters.
 *
 * Beginning and end stay: what was given, and how to mend it.
 *
 * @param {string} message
 * @returns {string}
 *
 * @example
 * sentence("no\nfolder \x1b[31m"); // "no folder ?[31m"
 */
export function sentence(message) {
  const line = String(message).replace(BREAKS, " ").replace(COMMANDS, "?");
  const letters = Array.from(line); // as Python counts them
  if (letters.length <= LONGEST) return line;
  const end = letters.slice(BEGINNING + CUT.length - LONGEST);
  return letters.slice(0, BEGINNING).join("") + CUT + end.join("");
}

/**
 * Say what a value is, in the words that errors of Python use too.
 *
 * @param {unknown} value
 * @returns {string}
 *
 * @example
 * ["7", 7, null, {}].map(inWordsOfJson); // ["a string", "a number", "null", "an object"]
 */
export function inWordsOfJson(value) {
  if (value === null || value === undefined) return "null";
  if (typeof value === "bigint") return "a number";
  return ["boolean", "number", "string"].includes(typeof value) ? `a ${typeof value}` : "an object";
}

/** What can be wrong with something from outside: one sentence, fit to be shown to people. */
export class SentenceError extends Error {
  /** @param {string} message kept as `sentence` returns it */
  constructor(message) {
    super(sentence(message));
  }
}
