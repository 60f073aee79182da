/**
 * What Python does with numbers and JavaScript has no word for.
 *
 * @module
 */

const WHOLE = 1.5 * 2 ** 52;

/**
 * Round to a whole number, halves to even; for |value| < 2⁵¹.
 *
 * Around `WHOLE`, floating-point numbers are whole and 1 apart, so the addition itself rounds, as
 * IEEE 754 says. The result is never -0.
 *
 * @param {number} value
 * @returns {number}
 *
 * @example
 * [0.5, 1.5, -0.5, -2.7].map(rint); // [0, 2, 0, -3]
 */
export function rint(value) {
  return value + WHOLE - WHOLE;
}

/**
 * Divide whole numbers, rounding down; for |a| < 2⁵³ and 0 < |b| < 2⁵³.
 *
 * The quotient is rounded before it is rounded down, but never up to a whole number that it falls
 * short of: it falls short by 1/|b| at least, and floating-point numbers next to a/b, of which |a|
 * is below 2⁵³, lie less than 2/|b| apart. (`|` and `>>` would cut numbers to 32 bits.)
 *
 * @param {number} a
 * @param {number} b
 * @returns {number}
 *
 * @example
 * [floorDivide(7, 2), floorDivide(-7, 2)]; // [3, -4]
 */
export function floorDivide(a, b) {
  return Math.floor(a / b);
}
