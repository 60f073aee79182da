/**
 * ReLU: let positive numbers through and stop the rest.
 *
 * The twin of `inkgrad/layers/relu.py`.
 *
 * @module
 */

import { box, source } from "./explanation.js";
import { letter, number, row, sign, slope } from "./formula.js";
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

/** What is computed, and its derivatives. @type {Record<string, Formula>} */
const FORMULAS = {
  y: {
    name: "ReLU",
    tree: row(
      letter("y"),
      sign("="),
      letter("max"),
      sign("("),
      letter("x"),
      sign(","),
      number("0"),
      sign(")"),
    ),
    letters: "x: the number before. y: the number after",
  },
  dx: {
    name: "Back through ReLU",
    tree: row(
      slope(letter("x")),
      sign("="),
      slope(letter("y")),
      sign("·"),
      sign("["),
      letter("x"),
      sign(">"),
      number("0"),
      sign("]"),
    ),
    letters: "[x > 0] is 1 if x was positive, else 0",
  },
};

/** What the layer does, forward and backward. @type {Words} */
const WORDS = {
  y: () => "Positive numbers pass, negative ones become 0.",
  back: "back through ReLU",
  dx: () =>
    "Where the number was positive the gradient passes. Where it was stopped (grey), so is the " +
    "gradient.",
};

/** What is said of one number, by what was explained of it. @type {Record<string, Say>} */
const SAYS = {
  y: (e) =>
    e.passes ? "It is positive, so it passes." : "It is not positive, so it is stopped: 0.",
  dx: (e) =>
    e.passes
      ? "x was positive: the gradient passes as it is."
      : "x was not positive: the gradient is stopped here.",
};

/** The rectifier, element by element: y = max(x, 0). */
export class ReLU {
  static shortName = "relu";
  /** @type {string[]} */
  static needed = [];
  /** @type {string[]} */
  static optional = [];
  static formulas = FORMULAS;
  static words = WORDS;
  static says = SAYS;

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
   * Return max(x, 0).
   *
   * @template {Floats} T
   * @param {T} x
   * @returns {{ y: T, saved: { x: Floats } }}
   */
  forward(x) {
    const y = zerosLike(x, x.length);
    for (let i = 0; i < x.length; i++) y[i] = Math.max(x[i], 0);
    return { y, saved: { x } };
  }

  /**
   * Return dx = dy where x was positive, else 0: at 0, a cell that says nothing learns nothing.
   *
   * @template {Floats} T
   * @param {T} dy
   * @param {{ x: Floats }} saved
   * @returns {{ dx: T, gradients: Record<string, T> }}
   */
  backward(dy, { x }) {
    const dx = zerosLike(dy, dy.length);
    for (let i = 0; i < dy.length; i++) dx[i] = x[i] > 0 ? dy[i] : 0;
    return { dx, gradients: {} };
  }

  /**
   * y = max(x, 0).
   *
   * @param {Layer} _layer
   * @param {Scene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explain(_layer, scene, index, cell) {
    const x = scene.outputs[index][cell];
    return {
      x,
      passes: x > 0,
      value: Math.max(x, 0),
      sources: [source("outputs", index, [box(cell)])],
    };
  }

  /**
   * dL/dx = dL/dy · [x > 0].
   *
   * @param {Layer} _layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explainDerivative(_layer, scene, index, cell) {
    const x = scene.outputs[index][cell];
    const derivative = scene.derivatives[index + 1][cell];
    return {
      x,
      derivative,
      passes: x > 0,
      value: x > 0 ? derivative : 0,
      sources: [source("derivatives", index + 1, [box(cell)])],
    };
  }

  /**
   * Tell which cells of the input the gradient cannot reach.
   *
   * @param {Layer} _layer
   * @param {Float32Array} x the layer's input
   * @returns {Uint8Array} 1 where nothing passes
   */
  static blocked(_layer, x) {
    return Uint8Array.from(x, (value) => (value > 0 ? 0 : 1));
  }
}
