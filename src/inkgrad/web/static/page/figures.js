/**
 * Numbers as people read them: three digits, a true minus sign, powers of ten for the tiny.
 *
 * @module
 */

import { TEXTS } from "./texts.js";

const RAISED = {
  "-": "⁻",
  0: "⁰",
  1: "¹",
  2: "²",
  3: "³",
  4: "⁴",
  5: "⁵",
  6: "⁶",
  7: "⁷",
  8: "⁸",
  9: "⁹",
};

/**
 * Write a number with some significant digits.
 *
 * @param {number} value
 * @param {number} [digits]
 * @returns {string}
 *
 * @example
 * inDigits(-0.04567); // "−0.0457"
 * inDigits(0.0000123); // "1.23·10⁻⁵"
 */
export function inDigits(value, digits = 3) {
  if (value === 0) return "0";
  if (Number.isNaN(value)) return TEXTS.cells.notANumber;
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const [mantissa, exponent] = value
    .toExponential(digits - 1)
    .split("e")
    .map(Number);
  if (exponent < -3 || exponent > 5) {
    const raised = [...String(exponent)].map((sign) => RAISED[sign]).join("");
    return withMinus(`${mantissa.toFixed(digits - 1)}·10${raised}`);
  }
  return withMinus(value.toFixed(Math.max(0, digits - 1 - exponent)));
}

/**
 * Write a number for a small cell: two decimals, or what fits.
 *
 * @param {number} value
 * @returns {string}
 *
 * @example
 * inCell(0.25); // ".25"
 * inCell(-12.34); // "−12"
 */
export function inCell(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 0.0005) return inPower(value);
  if (size < 0.0095) return withMinus(value.toFixed(3).replace("0.", "."));
  if (size < 0.995) return withMinus(value.toFixed(2).replace("0.", "."));
  return withMinus(size < 9.95 ? value.toFixed(1) : value.toFixed(0));
}

/**
 * Write a share in percent.
 *
 * @param {number} share 0 … 1
 * @returns {string}
 *
 * @example
 * inPercent(0.98765); // "98.8 %"
 */
export function inPercent(share) {
  const percent = 100 * share;
  if (percent > 0 && percent < 0.1) return "< 0.1 %";
  if (percent > 99.9 && percent < 100) return "> 99.9 %";
  return `${percent.toFixed(1)} %`;
}

/**
 * Count to how many digits two numbers agree: −log₁₀ of their relative difference, rounded down.
 *
 * @param {number} a
 * @param {number} b
 * @returns {number} 0 … 15
 *
 * @example
 * digitsInCommon(0.12345, 0.12346); // 4
 */
export function digitsInCommon(a, b) {
  if (a === b) return 15;
  const relative = Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b));
  return Math.min(15, Math.max(0, Math.floor(-Math.log10(relative))));
}

/** Write a number to the nearest power of ten, which is all that a small cell has room for. */
function inPower(value) {
  const exponent = Math.round(Math.log10(Math.abs(value)));
  const raised = [...String(exponent)].map((sign) => RAISED[sign]).join("");
  return `${value < 0 ? "−" : ""}10${raised}`;
}

function withMinus(text) {
  return text.replace("-", "−");
}
