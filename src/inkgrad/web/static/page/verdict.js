/**
 * What the network's probabilities amount to: a guess, and whether it is sure of it.
 *
 * @module
 */

/** From this probability on the best guess counts as sure: likelier than all others together. */
export const SURE = 0.5;

/**
 * Return the guesses, best first.
 *
 * @param {string[]} classes
 * @param {ArrayLike<number>} probabilities one a class
 * @returns {{ guesses: { name: string, share: number }[], sure: boolean }}
 *
 * @example
 * judge(["cat", "dog"], [0.3, 0.7]);
 * // { guesses: [{ name: "dog", share: 0.7 }, { name: "cat", share: 0.3 }], sure: true }
 */
export function judge(classes, probabilities) {
  const guesses = classes.map((name, k) => ({ name, share: probabilities[k] }));
  guesses.sort((a, b) => b.share - a.share);
  return { guesses, sure: guesses[0].share >= SURE };
}
