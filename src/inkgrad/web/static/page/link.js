/**
 * A state of the page as a link: `#model=…&draw=…&tab=learn&answer=…&cell=…`.
 *
 * What the link says is what the page shows elsewhere, to the last bit of every probability: in it
 * are the very points that reach the network, whole numbers from 0 to 255, two bytes a point. A
 * drawing that would be simplified once more there (a line drawn back over itself may have lost its
 * end) goes in its own, finer points instead, if these are found to simplify to the same.
 *
 * Nothing here knows of a page.
 *
 * @module
 */

import { SIZE, intoFrame } from "../drawing/simplify.js";
import { boundingBox, checkStrokes, fit } from "../drawing/strokes.js";
import { SentenceError } from "../text.js";
import { TEXTS } from "./texts.js";

/** @typedef {import("../drawing/strokes.js").Drawing} Drawing */
/** @typedef {import("../drawing/strokes.js").Strokes} Strokes */

/**
 * What a link says; anything may be missing.
 *
 * @typedef {object} State
 * @property {string | null} [model] its name; needed where there is an answer or a cell
 * @property {Drawing | null} [drawing] as `Session.drawing`; from a link: strokes for the pad
 * @property {string | null} [tab] a panel
 * @property {string | null} [answer] what Learn was told that the drawing is
 * @property {string | null} [cell] the one chosen in Think: "conv1:123"
 */

/** The most characters of a link. */
export const LONGEST = 2000;

const TABS = ["play", "think", "learn", "teach"];
const MOST_OF_A_NAME = 200; // characters
const CELL = /^[\w.-]{1,100}:\d{1,9}$/;

// How many bytes a coordinate has: the first byte of a drawing. With one, these are the points that
// the network gets; with more, points that are still to be simplified, in 256 or 65,536 steps
// a unit.
const FORMS = [1, 2, 3];

// Where a drawing from a link lies on the pad. Fractions of powers of two, so that nothing is ever
// rounded; the last one tells it from what a hand has drawn.
const SCALE = 3;
const CORNER = (1000 - SCALE * SIZE) / 2 + 2 ** -10;

/** Why there is no link, or why one cannot be opened: one sentence. */
export class LinkError extends SentenceError {
  name = "LinkError";
}

/**
 * Put a state into a link.
 *
 * @param {State} state
 * @param {string} [address] the page's, without a hash
 * @returns {string} of 2,000 characters at most
 * @throws {LinkError} if it would be longer, or not say the same elsewhere
 *
 * @example
 * toLink({ model: "animals", drawing: [[[0, 255], [0, 9]]], tab: "learn", answer: "dog" });
 * // "#model=animals&draw=AQIAAP8J&tab=learn&answer=dog"
 */
export function toLink(state, address = "") {
  const { drawing, model, tab, answer, cell } = state;
  const draw = drawing && drawing.length > 0 ? pack(drawing) : null;
  const parts = Object.entries({ model, draw, tab, answer, cell })
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => `${key}=${escaped(String(value))}`);
  const link = `${address}#${parts.join("&")}`;
  if (link.length > LONGEST) throw new LinkError(TEXTS.link.tooLong(LONGEST));
  return link;
}

/**
 * Read a link, distrustfully.
 *
 * @param {string} hash of an address, from "#" on
 * @returns {Required<State> | null} null if it is no such link; "#think" is none
 * @throws {LinkError} if it is one, but not as `toLink` makes them
 */
export function fromLink(hash) {
  if (!hash.includes("=")) return null;
  if (hash.length > LONGEST) throw new LinkError(TEXTS.link.broken);
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const part of hash.replace(/^#/, "").split("&")) {
    const at = part.indexOf("=");
    const key = part.slice(0, Math.max(at, 0));
    if (!["model", "draw", "tab", "answer", "cell"].includes(key) || found.has(key)) {
      throw new LinkError(TEXTS.link.broken);
    }
    found.set(key, unescaped(part.slice(at + 1)));
  }
  const [model, draw, tab, answer, cell] = ["model", "draw", "tab", "answer", "cell"].map(
    (key) => found.get(key) ?? null,
  );
  const isRight =
    [model, answer].every((name) => name === null || (name && name.length <= MOST_OF_A_NAME)) &&
    (tab === null || TABS.includes(tab)) &&
    (cell === null || CELL.test(cell)) &&
    (model !== null || (answer === null && cell === null));
  if (!isRight) throw new LinkError(TEXTS.link.broken);
  return { model, drawing: draw === null ? null : placed(unpack(draw)), tab, answer, cell };
}

/**
 * Return the panel that an address names: "think" for `#think`, or a link's.
 *
 * @param {string} hash
 * @returns {string | null}
 */
export function tabOf(hash) {
  if (TABS.includes(hash.slice(1))) return hash.slice(1);
  try {
    return fromLink(hash)?.tab ?? null;
  } catch {
    return null;
  }
}

/**
 * Return what the network is to see of the strokes on a pad: the points of the link, if they all
 * came from one and lie where it put them; else the strokes themselves.
 *
 * It does not take longer the more is drawn by hand: the newest stroke is looked at first.
 *
 * @param {any[]} strokes
 * @returns {any[]}
 */
export function asSeen(strokes) {
  if (strokes.length === 0) return strokes;
  for (let i = strokes.length - 1; i >= 0; i--) {
    for (const row of strokes[i].slice(0, 2)) {
      if (!row.every((/** @type {number} */ at) => Number.isInteger((at - CORNER) / (SCALE / 2)))) {
        return strokes;
      }
    }
  }
  const [, high] = boundingBox(strokes);
  // The inverse of `placed`: there, the largest coordinate m came to SCALE (SIZE + m) / 2.
  const margins = high.map((most) => SIZE - ((most - CORNER) * 2) / SCALE + SIZE);
  const seen = strokes.map((stroke) =>
    margins.map((margin, axis) =>
      Array.from(stroke[axis], (at) => (at - CORNER) / SCALE - margin / 2),
    ),
  );
  const isWithin = (/** @type {number} */ at) => Number.isInteger(at) && at >= 0 && at <= SIZE;
  return seen.every((stroke) => stroke.every((row) => row.every(isWithin))) ? seen : strokes;
}

/**
 * Return strokes where they lie on the pad: three times as large, in its middle.
 *
 * @param {number[][][]} strokes from 0 to 255
 * @returns {number[][][]} [xs, ys, ts]
 */
function placed(strokes) {
  const [, high] = boundingBox(checkStrokes(strokes));
  return strokes.map((stroke) => [
    ...stroke.map((row, axis) => row.map((at) => CORNER + SCALE * (at + (SIZE - high[axis]) / 2))),
    stroke[0].map(() => 0),
  ]);
}

/**
 * @param {Drawing} drawing
 * @returns {string} in base64url
 */
function pack(drawing) {
  const goal = intoFrame(drawing);
  for (const form of FORMS) {
    const text = inBase64(toBytes(form === 1 ? goal : fit(checkStrokes(drawing), SIZE), form));
    if (text.length > LONGEST) throw new LinkError(TEXTS.link.tooLong(LONGEST));
    if (isSame(intoFrame(asSeen(placed(unpack(text)))), goal)) return text;
  }
  throw new LinkError(TEXTS.link.inexact);
}

/**
 * Read what `pack` made: of every stroke its number of points, 7 bits a byte, and the points.
 *
 * @param {string} text
 * @returns {number[][][]} from 0 to 255
 */
function unpack(text) {
  const bytes = fromBase64(text);
  const form = bytes[0];
  let at = 1;
  const next = () => {
    if (at >= bytes.length) throw new LinkError(TEXTS.link.broken);
    return bytes[at++];
  };
  const number = () => {
    let value = 0;
    for (let i = 0; i < form; i++) value += next() / 256 ** i;
    return value;
  };
  if (!FORMS.includes(form) || bytes.length === 1) throw new LinkError(TEXTS.link.broken);
  /** @type {number[][][]} */
  const strokes = [];
  while (at < bytes.length) {
    let n = next();
    if (n > 127) n += (next() - 1) * 128;
    if (n === 0) throw new LinkError(TEXTS.link.broken);
    /** @type {number[][]} */
    const [xs, ys] = [[], []];
    for (let i = 0; i < n; i++) {
      xs.push(number());
      ys.push(number());
    }
    if ([...xs, ...ys].some((value) => value > SIZE)) throw new LinkError(TEXTS.link.broken);
    strokes.push([xs, ys]);
  }
  return strokes;
}

/**
 * @param {Strokes} strokes from 0 to 255
 * @param {number} form
 */
function toBytes(strokes, form) {
  const bytes = [form];
  for (const [xs, ys] of strokes) {
    const n = xs.length;
    if (n >= 2 ** 15) throw new LinkError(TEXTS.link.tooLong(LONGEST));
    if (n > 127) bytes.push(128 + (n % 128), Math.floor(n / 128));
    else bytes.push(n);
    for (let i = 0; i < n; i++) {
      for (const value of [xs[i], ys[i]]) {
        const steps = Math.round(value * 256 ** (form - 1));
        for (let j = form - 1; j >= 0; j--) bytes.push(Math.floor(steps / 256 ** j) % 256);
      }
    }
  }
  return bytes;
}

/**
 * @param {Strokes} some
 * @param {Strokes} others
 */
function isSame(some, others) {
  return (
    some.length === others.length &&
    some.every((stroke, i) => stroke.every((row, axis) => isSameRow(row, others[i][axis])))
  );
}

/**
 * @param {Float64Array} row
 * @param {Float64Array} other
 */
function isSameRow(row, other) {
  return row.length === other.length && row.every((value, i) => value === other[i]);
}

/** @param {number[]} bytes */
function inBase64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} text */
function fromBase64(text) {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) throw new LinkError(TEXTS.link.broken);
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Array.from(bytes, (byte) => byte.charCodeAt(0));
}

/** @param {string} text */
function escaped(text) {
  try {
    return encodeURIComponent(text);
  } catch {
    throw new LinkError(TEXTS.link.inexact); // half a character in a name
  }
}

/** @param {string} text */
function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new LinkError(TEXTS.link.broken);
  }
}
