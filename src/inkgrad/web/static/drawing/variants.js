/**
 * Variants of drawings: turned, sheared, stretched and mirrored, to learn more from few.
 *
 * @module
 */

import { checkStrokes } from "./strokes.js";

/** @typedef {import("./strokes.js").Drawing} Drawing */

/** In how many variants each drawing is best shown, itself among them. */
export const VARIANTS = 9;

const TURN = 0.2; // radians to either side
const SHEAR = 0.15;
const STRETCH = 0.15; // of width and height, each on its own

/**
 * Return a drawing and variants of it: turned, sheared, stretched and, every second, mirrored.
 *
 * Where it stands and how large it is does not matter: drawings are brought to one size before they
 * are rasterised.
 *
 * @param {Drawing} drawing
 * @param {number} [count] of them, the drawing itself among them
 * @returns {Drawing[]} the same every time
 * @throws {DrawingError} if the strokes are unusable
 */
export function variants(drawing, count = VARIANTS) {
  const strokes = checkStrokes(drawing);
  const result = [drawing];
  const chance = numbers(2);
  const between = (/** @type {number} */ limit) => limit * (2 * chance() - 1);
  while (result.length < count) {
    const [angle, shear] = [between(TURN), between(SHEAR)];
    const [across, down] = [1 + between(STRETCH), 1 + between(STRETCH)];
    const mirror = result.length % 2 === 1 ? -1 : 1;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    result.push(
      strokes.map(([xs, ys]) => {
        const us = xs.map((x, i) => mirror * across * (x + shear * ys[i]));
        const vs = ys.map((y) => down * y);
        return [us.map((u, i) => cos * u - sin * vs[i]), us.map((u, i) => sin * u + cos * vs[i])];
      }),
    );
  }
  return result;
}

/**
 * Return a source of numbers from 0 to below 1: Marsaglia, *Xorshift RNGs*, 2003, page 4.
 *
 * @param {number} seed
 * @returns {() => number}
 */
function numbers(seed) {
  let state = seed;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let n = 0; n < 20; n++) next(); // small seeds begin with small numbers
  return next;
}
