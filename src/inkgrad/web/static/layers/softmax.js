/**
 * Softmax with cross-entropy: how surprised the network was by the right answer.
 *
 * The twin of `inkgrad/layers/softmax.py`, which derives why the gradient is p − t.
 *
 * @module
 */

import { ShapeError } from "../errors.js";
import { box, source, sum } from "./explanation.js";
import { indexed, letter, row, sign, slope, total } from "./formula.js";
import { zerosLike } from "./layer.js";

/** @typedef {import("./explanation.js").Scene} Scene */
/** @typedef {import("./explanation.js").LearnedScene} LearnedScene */
/** @typedef {import("./explanation.js").Explained} Explained */
/** @typedef {import("./layer.js").Floats} Floats */
/** @typedef {import("./formula.js").Formula} Formula */

/** What is computed, and its derivative. @type {Record<string, Formula>} */
export const FORMULAS = {
  softmax: {
    name: "Softmax",
    tree: row(indexed("p", "k"), sign("="), [
      "mfrac",
      ["msup", letter("e"), indexed("z", "k")],
      row(total(letter("l")), ["msup", letter("e"), indexed("z", "l")]),
    ]),
    letters: "k: this class. l: every class. z: logit. e ≈ 2.718",
  },
  loss: {
    name: "The loss",
    tree: row(letter("L"), sign("="), sign("−"), letter("log"), ["mspace"], indexed("p", "k")),
    letters: "k: the right answer. p: its probability",
  },
  "softmax.dx": {
    name: "The loss by a logit",
    tree: row(slope(indexed("z", "k")), sign("="), indexed("p", "k"), sign("−"), indexed("t", "k")),
    letters: "p: what the network said. t: what it should have said, 1 or 0",
  },
};

/**
 * Return the logarithms of the softmax probabilities, without overflow.
 *
 * Taking the largest off every logit changes no probability and makes every exponent ≤ 0.
 *
 * @param {Floats} logits
 * @returns {Float64Array}
 */
export function logSoftmax(logits) {
  const doubles = Float64Array.from(logits);
  const largest = doubles.reduce((a, b) => Math.max(a, b));
  const logarithms = doubles.map((z) => z - largest);
  const total = Math.log(logarithms.reduce((sum, z) => sum + Math.exp(z), 0));
  return logarithms.map((z) => z - total);
}

/**
 * Return logits as probabilities: p_k = e^{z_k} / Σ_l e^{z_l}.
 *
 * @template {Floats} T
 * @param {T} logits
 * @returns {T}
 *
 * @example
 * softmax(Float32Array.of(0, 0, Math.log(2))); // Float32Array [0.25, 0.25, 0.5]
 */
export function softmax(logits) {
  const probabilities = zerosLike(logits, logits.length);
  probabilities.set(logSoftmax(logits).map(Math.exp));
  return probabilities;
}

/**
 * Return the loss of one drawing, −log of the probability of its class, and what comes of it.
 *
 * @template {Floats} T
 * @param {T} logits
 * @param {number} label the right class's index
 * @returns {{loss: number, probabilities: T, dlogits: T}} dlogits is p − t, with t 1 for the right
 *   class and 0 elsewhere
 * @throws {ShapeError} if there is no such class
 *
 * @example
 * softmaxCrossEntropy(Float32Array.of(0, 0, Math.log(2)), 2);
 * // {loss: 0.6931…, probabilities: [0.25, 0.25, 0.5], dlogits: [0.25, 0.25, -0.5]}
 */
export function softmaxCrossEntropy(logits, label) {
  if (!Number.isInteger(label) || label < 0 || label >= logits.length) {
    throw new ShapeError(
      `labels must run from 0 to ${logits.length - 1}, but one is ${String(label)}`,
    );
  }
  const logarithms = logSoftmax(logits);
  const probabilities = softmax(logits);
  const dlogits = zerosLike(logits, logits.length);
  dlogits.set(logarithms.map((z, k) => Math.exp(z) - (k === label ? 1 : 0)));
  return { loss: -logarithms[label], probabilities, dlogits };
}

/**
 * Explain a class's probability: p_k = e^(z_k) / Σ e^(z_l).
 *
 * `shift` is taken off every logit first where e^z would be too large for a double; it changes no
 * probability.
 *
 * @param {Scene} scene
 * @param {number} k the class
 * @returns {Explained}
 */
export function explainProbability(scene, k) {
  const logits = Array.from(scene.outputs[scene.layers.length]);
  const largest = Math.max(...logits);
  const shift = Math.abs(largest) > 80 ? largest : 0;
  const powers = logits.map((z) => Math.exp(z - shift));
  const total = sum(powers);
  return {
    kind: "softmax",
    logit: logits[k],
    power: powers[k],
    powers,
    total,
    shift,
    value: powers[k] / total,
    stored: scene.probabilities[k],
    sources: [
      source(
        "outputs",
        scene.layers.length,
        logits.map((_, l) => box(l)),
      ),
    ],
  };
}

/**
 * Explain a logit's derivative: dL/dz_k = p_k − t_k.
 *
 * @param {LearnedScene} scene
 * @param {number} k the class
 * @returns {Explained}
 */
export function explainLogit(scene, k) {
  const target = k === scene.label ? 1 : 0;
  const probability = scene.probabilities[k];
  return {
    kind: "softmax.dx",
    probability,
    target,
    value: probability - target,
    stored: scene.derivatives[scene.layers.length][k],
    sources: [],
  };
}
