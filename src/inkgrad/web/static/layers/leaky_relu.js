/**
 * Leaky ReLU: let positive numbers through, and a little of the negative ones.
 *
 * The twin of `inkgrad/layers/leaky_relu.py`.
 *
 * @module
 */

import { ShapeError, inShort } from "../errors.js";
import { box, source } from "./explanation.js";
import { letter, row, sign, slope, under } from "./formula.js";
import { zerosLike } from "./layer.js";

/** @typedef {import("./explanation.js").Layer} Layer */
/** @typedef {import("./explanation.js").Scene} Scene */
/** @typedef {import("./explanation.js").LearnedScene} LearnedScene */
/** @typedef {import("./explanation.js").Explained} Explained */
/** @typedef {import("./formula.js").Formula} Formula */
/** @typedef {import("./layer.js").Floats} Floats */
/** @typedef {import("./layer.js").Say} Say */
/** @typedef {import("./layer.js").Shape} Shape */
/** @typedef {import("./layer.js").Words} Words */

const FACTOR = under(letter("a"), letter("x"));

/** What is computed, and its derivatives. @type {Record<string, Formula>} */
const FORMULAS = {
  y: {
    name: "Leaky ReLU",
    tree: row(letter("y"), sign("="), FACTOR, letter("x")),
    letters: "x: the number before. aₓ: 1 where x is positive, else the layer's slope",
  },
  dx: {
    name: "Back through leaky ReLU",
    tree: row(slope(letter("x")), sign("="), FACTOR, slope(letter("y"))),
    letters: "aₓ: 1 where x was positive, else the layer's slope",
  },
};

/** What the layer does, forward and backward. @type {Words} */
const WORDS = {
  y: (layer) => `Positive numbers pass, of negative ones ${slopeOf(layer)} is left.`,
  back: "back through leaky ReLU",
  dx: (layer) =>
    `Where the number was positive the gradient passes. Elsewhere ${slopeOf(layer)} of it is left.`,
};

/** What is said of one number, by what was explained of it. @type {Record<string, Say>} */
const SAYS = {
  y: (e) =>
    e.x > 0 ? "It is positive, so it passes." : "It is not positive, so little of it is left.",
  dx: (e) =>
    e.x > 0
      ? "x was positive: the gradient passes as it is."
      : "x was not positive: little of the gradient is left.",
};

/** A rectifier that never closes, element by element: y = x where x > 0, else a·x. */
export class LeakyReLU {
  static shortName = "leaky";
  /** @type {string[]} */
  static needed = [];
  static optional = ["slope"];
  static formulas = FORMULAS;
  static words = WORDS;
  static says = SAYS;

  /** @param {Record<string, unknown>} settings as in Python */
  constructor({ slope: factor = 0.01 } = {}) {
    if (typeof factor !== "number" || !(factor >= 0 && factor <= 1)) {
      throw new ShapeError(`slope is ${inShort(factor)}; give a number from 0 to 1`);
    }
    this.slope = factor;
  }

  /**
   * Return the input's shape.
   *
   * @param {Shape} inputShape
   * @returns {Shape}
   */
  outputShape(inputShape) {
    return inputShape;
  }

  /** @returns {Record<string, Shape>} none */
  parameterShapes() {
    return {};
  }

  multiplyAdds() {
    return 0;
  }

  /**
   * Return x where it is positive, else a·x.
   *
   * @template {Floats} T
   * @param {T} x
   * @returns {{ y: T, saved: { x: Floats } }}
   */
  forward(x) {
    const y = zerosLike(x, x.length);
    for (let i = 0; i < x.length; i++) y[i] = x[i] > 0 ? x[i] : x[i] * this.slope;
    return { y, saved: { x } };
  }

  /**
   * Return dx = dy where x was positive, else a·dy.
   *
   * @template {Floats} T
   * @param {T} dy
   * @param {{ x: Floats }} saved
   * @returns {{ dx: T, gradients: Record<string, T> }}
   */
  backward(dy, { x }) {
    const dx = zerosLike(dy, dy.length);
    for (let i = 0; i < dy.length; i++) dx[i] = x[i] > 0 ? dy[i] : dy[i] * this.slope;
    return { dx, gradients: {} };
  }

  /**
   * y = x or a·x.
   *
   * @param {Layer} layer
   * @param {Scene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explain(layer, scene, index, cell) {
    const x = scene.outputs[index][cell];
    const factor = x > 0 ? 1 : slopeOf(layer);
    const sources = [source("outputs", index, [box(cell)])];
    return { x, factor, value: x * factor, sources };
  }

  /**
   * dL/dx = dL/dy, times a where x was not positive.
   *
   * @param {Layer} layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explainDerivative(layer, scene, index, cell) {
    const x = scene.outputs[index][cell];
    const derivative = scene.derivatives[index + 1][cell];
    const factor = x > 0 ? 1 : slopeOf(layer);
    const sources = [source("derivatives", index + 1, [box(cell)])];
    return { x, derivative, factor, value: derivative * factor, sources };
  }
}

/** @param {Layer} layer */
function slopeOf(layer) {
  return new LeakyReLU(layer.settings).slope;
}
