/**
 * What the game decides: which classes it asks for, and what it says when it gives up.
 *
 * @module
 */

import { TEXTS } from "./texts.js";
import { judge } from "./verdict.js";

const NAMED = 3; // guesses when it is not sure, at most
const LEAST = 0.1; // of the probability: a guess that is less likely is not named

/**
 * Return the classes that can be asked for: all but those that the model's file says are hard,
 * which it seldom recognises or takes for another (`inkgrad/insight/hard_classes.py`). If fewer
 * than two are left, it is all of them.
 *
 * @param {string[]} classes
 * @param {Record<string, any>} record of the model; files may hold anything there
 * @returns {string[]}
 */
export function playable(classes, record) {
  const hard = new Set(Array.isArray(record.hard_classes) ? record.hard_classes : []);
  const left = classes.filter((name) => !hard.has(name));
  return left.length < 2 ? [...classes] : left;
}

/**
 * Return what there is to say when the time is up.
 *
 * @param {string} task the class that was to be drawn
 * @param {string[]} classes
 * @param {{ probabilities: ArrayLike<number>, isRejected: boolean } | null} seen what the network
 *   sees in the drawing, and whether that is none of the classes; null if nothing was drawn
 * @returns {string}
 *
 * @example
 * whyNot("cat", ["cat", "dog"], { probabilities: [0.3, 0.7], isRejected: false });
 * // "I give up: I took it for dog."
 */
export function whyNot(task, classes, seen) {
  if (seen === null) return TEXTS.play.nothing;
  if (seen.isRejected) return TEXTS.play.unknown;
  const { guesses, sure } = judge(classes, seen.probabilities);
  if (sure && guesses[0].name === task) return TEXTS.play.tooLate(task);
  if (sure) return TEXTS.play.takenFor(guesses[0].name);
  const likely = guesses.filter(({ share }) => share >= LEAST).map(({ name }) => name);
  return likely.length > 0 ? TEXTS.play.torn(likely.slice(0, NAMED)) : TEXTS.play.noIdea;
}
