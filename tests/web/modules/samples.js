/** Functions for the tests of the harness, and drawings that it cannot send. */

import { EXAMPLES } from "../static/page/examples.js";
import { checkStrokes } from "../static/drawing/strokes.js";

/** Return what is given. */
export const echo = (...values) => values;

/** Return what is given, later. */
export const later = async (value) => value;

/** Return the drawings that the page offers. */
export const exampleDrawings = () => EXAMPLES;

/** Say what the runtime takes a value for. */
export const kind = (value) => Object.prototype.toString.call(value);

/** Throw something. */
export function fail(message) {
  throw new RangeError(message);
}

const TEN_MILLION = 10_000_000;

/** What JSON cannot say, or not in reasonable time. */
const STRANGE = {
  arrays: () => [[new Array(TEN_MILLION).fill(7), new Array(TEN_MILLION).fill(7)]],
  "typed arrays": () => [[new Float64Array(TEN_MILLION), new Float64Array(TEN_MILLION)]],
  "many strokes": () => new Array(10_000).fill([new Array(1000).fill(7), new Array(1000).fill(7)]),
  "deep nesting": () => {
    let value = [];
    for (let depth = 0; depth < 100_000; depth++) value = [value];
    return value;
  },
  "data view": () => new DataView(new ArrayBuffer(8)),
  map: () => new Map([[0, [[0], [0]]]]),
  function: () => checkStrokes,
  symbol: () => Symbol("drawing"),
  undefined: () => undefined,
  bigint: () => 7n,
  bigints: () => [[[7n], [7n]]],
  "typed bigints": () => [[new BigInt64Array(1), new BigInt64Array(1)]],
  holes: () => [[new Array(3), new Array(3)]],
};

/** Return the error for a strange drawing, and after how many seconds it came. */
export function refusal(name) {
  const drawing = STRANGE[name]();
  const start = performance.now();
  try {
    checkStrokes(drawing);
  } catch (error) {
    return [`${error.name}: ${error.message}`, (performance.now() - start) / 1000];
  }
  return ["accepted", 0];
}

export function end(code) {
  process.exit(code);
}
