/**
 * Dropout: while learning, let some numbers be missing, others every time.
 *
 * The twin of `inkgrad/layers/dropout.py`, in use: the page's networks answer, and then dropout
 * lets everything through.
 *
 * @module
 */

import { ShapeError, inShort } from "../errors.js";
import { box, source } from "./explanation.js";
import { letter, row, sign, slope } from "./formula.js";

/** @typedef {import("./explanation.js").Layer} Layer */
/** @typedef {import("./explanation.js").Scene} Scene */
/** @typedef {import("./explanation.js").LearnedScene} LearnedScene */
/** @typedef {import("./explanation.js").Explained} Explained */
/** @typedef {import("./formula.js").Formula} Formula */
/** @typedef {import("./layer.js").Floats} Floats */
/** @typedef {import("./layer.js").Say} Say */
/** @typedef {import("./layer.js").Shape} Shape */
/** @typedef {import("./layer.js").Words} Words */

/** What is computed, and its derivatives. @type {Record<string, Formula>} */
const FORMULAS = {
  y: {
    name: "Dropout",
    tree: row(letter("y"), sign("="), letter("x")),
    letters: "x: the number before. y: the number after",
  },
  dx: {
    name: "Back through dropout",
    tree: row(slope(letter("x")), sign("="), slope(letter("y"))),
    letters: "x: the number before. y: the number after",
  },
};

/** What the layer does, forward and backward. @type {Words} */
const WORDS = {
  y: ({ settings }) =>
    `In training, ${inPercent(new Dropout(settings).rate)} of the numbers are left out, others ` +
    "each time. Here every number passes.",
  back: "back through dropout",
  dx: () => "Here every number passed, so every gradient does.",
};

/** What is said of one number, by what was explained of it. @type {Record<string, Say>} */
const SAYS = {
  y: () => "Dropout leaves numbers out in training only: here the number passes as it is.",
  dx: () => "The number passed as it was, so its gradient does.",
};

/** Dropout in use: y = x. */
export class Dropout {
  static shortName = "dropout";
  /** @type {string[]} */
  static needed = [];
  static optional = ["rate"];
  static formulas = FORMULAS;
  static words = WORDS;
  static says = SAYS;

  /** @param {Record<string, unknown>} settings as in Python */
  constructor({ rate = 0.5 } = {}) {
    if (typeof rate !== "number" || !(rate >= 0 && rate < 1)) {
      throw new ShapeError(`rate is ${inShort(rate)}; give a number from 0 to below 1`);
    }
    this.rate = rate;
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
   * Return x itself.
   *
   * @template {Floats} T
   * @param {T} x
   * @returns {{ y: T, saved: null }}
   */
  forward(x) {
    return { y: x, saved: null };
  }

  /**
   * Return dy itself.
   *
   * @template {Floats} T
   * @param {T} dy
   * @returns {{ dx: T, gradients: Record<string, T> }}
   */
  backward(dy) {
    return { dx: dy, gradients: {} };
  }

  /**
   * y = x.
   *
   * @param {Layer} _layer
   * @param {Scene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explain(_layer, scene, index, cell) {
    return {
      value: scene.outputs[index][cell],
      sources: [source("outputs", index, [box(cell)])],
    };
  }

  /**
   * dL/dx = dL/dy.
   *
   * @param {Layer} _layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explainDerivative(_layer, scene, index, cell) {
    return {
      value: scene.derivatives[index + 1][cell],
      sources: [source("derivatives", index + 1, [box(cell)])],
    };
  }
}

/** @param {number} share */
function inPercent(share) {
  return `${Number((100 * share).toPrecision(3))} %`;
}
