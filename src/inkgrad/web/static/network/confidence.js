/**
 * Confidence: how familiar a drawing is to a model, and from when on it is none of the classes.
 *
 * The twin of `inkgrad/confidence.py`, which explains the scores.
 *
 * @module
 */

import { ModelError } from "../errors.js";

/** @typedef {import("../layers/layer.js").Floats} Floats */

/**
 * What tells known drawings from others, by name: larger for what is known.
 *
 * @type {Record<string, (logits: Floats) => number>}
 */
export const SCORES = {
  energy: (logits) => logSumExp(Array.from(logits)),
  logit: (logits) => largest(Array.from(logits)),
  margin: (logits) => {
    const rest = Array.from(logits);
    const best = largest(rest);
    if (rest.length === 1) return Infinity;
    rest.splice(rest.indexOf(best), 1);
    return best - logSumExp(rest);
  },
};

const ENTRIES = ["centre", "rejects", "scale", "score", "temperature", "threshold"];

/** How a model's logits become a familiarity, and which of them are none of the classes. */
export class Confidence {
  /**
   * @param {object} [values]
   * @param {string} [values.score] a name in `SCORES`
   * @param {number} [values.centre] the score whose familiarity is ½
   * @param {number} [values.scale] of the score, above 0
   * @param {number | null} [values.threshold] the least familiarity of what is accepted, 0 to 1;
   *   null: everything is
   * @param {boolean} [values.rejects] whether to reject without being asked to
   * @param {number} [values.temperature] by what the logits were divided before the model was
   *   saved; nothing is computed with it
   * @throws {ModelError} if a value is of another kind or out of its range
   */
  constructor({
    score = "energy",
    centre = 5,
    scale = 2,
    threshold = null,
    rejects = false,
    temperature = 1,
  } = {}) {
    const isKnown = typeof score === "string" && Object.hasOwn(SCORES, score);
    check("score", score, isKnown, `one of ${Object.keys(SCORES).join(", ")}`);
    check("scale", scale, isNumber(scale) && scale > 0, "a number above 0");
    check("temperature", temperature, isNumber(temperature) && temperature > 0, "a number above 0");
    check("centre", centre, isNumber(centre), "a finite number");
    const isShare = threshold === null || (isNumber(threshold) && threshold >= 0 && threshold <= 1);
    check("threshold", threshold, isShare, "a number from 0 to 1, or null for none");
    check("rejects", rejects, typeof rejects === "boolean", "true or false");
    /** @readonly */
    this.score = score;
    /** @readonly */
    this.centre = centre;
    /** @readonly */
    this.scale = scale;
    /** @readonly */
    this.threshold = threshold;
    /** @readonly */
    this.rejects = rejects;
    /** @readonly */
    this.temperature = temperature;
    Object.freeze(this);
  }

  /**
   * Return how familiar a drawing is, by its logits: σ((score − centre) / scale), 0 to 1.
   *
   * @param {Floats} logits
   * @returns {number}
   *
   * @example
   * new Confidence({ score: "logit", centre: 4 }).familiarity(Float32Array.of(0, 4)); // 0.5
   */
  familiarity(logits) {
    const t = (SCORES[this.score](logits) - this.centre) / this.scale;
    return 0.5 + 0.5 * Math.tanh(0.5 * t);
  }

  /**
   * Return whether a drawing is none of the classes, by its logits.
   *
   * @param {Floats} logits
   * @returns {boolean}
   */
  isRejected(logits) {
    return this.threshold !== null && !(this.familiarity(logits) >= this.threshold);
  }

  /**
   * Return the confidence that takes 95 in 100 of some drawings for known, by their logits: its
   * threshold is as low as that needs, and never higher than it was.
   *
   * @param {Floats[]} rows the logits of each drawing, of one or more
   * @returns {Confidence}
   */
  accepting(rows) {
    if (this.threshold === null) return this;
    const familiar = rows.map((row) => this.familiarity(row)).sort((a, b) => a - b);
    const least = familiar[Math.floor(0.05 * familiar.length)];
    return new Confidence({ ...this.toDict(), threshold: Math.min(this.threshold, least) });
  }

  /** Return the values by name, ready for JSON. */
  toDict() {
    const { score, centre, scale, threshold, rejects, temperature } = this;
    return { score, centre, scale, threshold, rejects, temperature };
  }

  /**
   * Return what `toDict` wrote, trusting nothing in it.
   *
   * @param {any} values
   * @returns {Confidence}
   * @throws {ModelError} if a name is missing or unknown, or a value is out of its range
   */
  static fromDict(values) {
    const isObject = typeof values === "object" && values !== null && !Array.isArray(values);
    if (!isObject || String(Object.keys(values).sort()) !== String(ENTRIES)) {
      throw new ModelError(`confidence: its entries must be ${ENTRIES.join(", ")}`);
    }
    return new Confidence(values);
  }
}

/** @param {number[]} numbers */
function largest(numbers) {
  return numbers.reduce((a, b) => Math.max(a, b));
}

/** @param {number[]} numbers */
function logSumExp(numbers) {
  const highest = largest(numbers);
  return highest + Math.log(numbers.reduce((sum, z) => sum + Math.exp(z - highest), 0));
}

/** @param {unknown} value */
function isNumber(value) {
  return typeof value === "number" && Math.abs(value) < 1e300;
}

/**
 * Refuse a value that is not good.
 *
 * @param {string} name
 * @param {unknown} value
 * @param {boolean} isGood
 * @param {string} needed
 */
function check(name, value, isGood, needed) {
  if (isGood) return;
  throw new ModelError(`confidence: ${name} is ${JSON.stringify(value)}; it must be ${needed}`);
}
