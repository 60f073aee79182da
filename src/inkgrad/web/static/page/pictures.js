/**
 * Numbers → colours → pictures, in the page's own colours, light or dark.
 *
 * Activations are ink on paper; signed numbers run from blue (negative) over paper (zero) to red
 * (positive). A picture is one canvas with one pixel a number, which the browser enlarges.
 *
 * @module
 */

import { contextOf } from "./elements.js";

const STEPS = 255; // on either side of zero

/**
 * Colours as pixels of a canvas: `ink[0 … 255]`, `signed[0 … 510]` with zero at 255, and `blocked`
 * for cells that nothing passes.
 *
 * @typedef {{ink: Uint32Array, signed: Uint32Array, blocked: number}} Palette
 */

/**
 * Read the colours of the page as they now are.
 *
 * @returns {Palette}
 */
export function readPalette() {
  const style = getComputedStyle(document.documentElement);
  const [paper, ink, blue, red, rule] = ["paper", "ink", "blue", "red", "rule"].map((name) =>
    inBytes(style.getPropertyValue(`--${name}`)),
  );
  return {
    ink: Uint32Array.from({ length: STEPS + 1 }, (_, step) => mixed(paper, ink, step / STEPS)),
    signed: Uint32Array.from({ length: 2 * STEPS + 1 }, (_, step) =>
      mixed(paper, step < STEPS ? blue : red, Math.abs(step - STEPS) / STEPS),
    ),
    blocked: pixel(rule),
  };
}

/**
 * Return the largest size of some numbers, which gets the fullest colour.
 *
 * @param {ArrayLike<number>} values
 * @returns {number} 0 if there are none
 */
export function rangeOf(values) {
  let largest = 0;
  for (let at = 0; at < values.length; at++) largest = Math.max(largest, Math.abs(values[at]));
  return largest;
}

/**
 * Return the colour of a number.
 *
 * @param {Palette} palette
 * @param {number} value
 * @param {number} range the size with the fullest colour
 * @param {boolean} isSigned
 * @returns {number} a pixel
 */
export function colourOf(palette, value, range, isSigned) {
  const strength = range > 0 ? Math.max(-1, Math.min(1, value / range)) : 0;
  if (isSigned) return palette.signed[STEPS + Math.round(strength * STEPS)];
  return palette.ink[Math.round(Math.max(0, strength) * STEPS)];
}

/**
 * Write a pixel as CSS.
 *
 * @param {number} colour
 * @returns {string} "rgb(r g b)"
 */
export function inCss(colour) {
  return `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`;
}

/**
 * Tell whether text on a colour should be light.
 *
 * @param {number} colour
 * @returns {boolean}
 */
export function isDark(colour) {
  const [r, g, b] = [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255].map((byte) => {
    const light = byte / 255;
    return light <= 0.04045 ? light / 12.92 : ((light + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.1791; // where white's contrast passes black's
}

/**
 * Return a CSS colour's bytes, whatever notation it has.
 *
 * @param {string} colour
 */
function inBytes(colour) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = contextOf(canvas, { willReadFrequently: true });
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return context.getImageData(0, 0, 1, 1).data;
}

/**
 * @param {Uint8ClampedArray} from
 * @param {Uint8ClampedArray} to
 * @param {number} part of `to`
 */
function mixed(from, to, part) {
  const between = (/** @type {number} */ at) => Math.round(from[at] + (to[at] - from[at]) * part);
  return pixel(Uint8ClampedArray.from([0, 1, 2], between));
}

/**
 * A canvas keeps red, green, blue, alpha; as one number on little-endian machines, as all are.
 *
 * @param {Uint8ClampedArray} bytes
 */
function pixel([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
