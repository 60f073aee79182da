/**
 * Flatten: lay the numbers of a picture in one row, for the dense layers.
 *
 * The twin of `inkgrad/layers/flatten.py`.
 *
 * @module
 */

import { box, placeOf, source, spot } from "./explanation.js";
import { indexed, letter, row, sign, slope, under } from "./formula.js";
import { volume } from "./layer.js";

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
    name: "Flatten",
    tree: row(
      under(
        letter("y"),
        sign("("),
        letter("c"),
        letter("H"),
        sign("+"),
        letter("r"),
        sign(")"),
        letter("W"),
        sign("+"),
        letter("t"),
      ),
      sign("="),
      indexed("x", "c", "r", "t"),
    ),
    letters: "c: map. r, t: row and column. H, W: height and width of a map",
  },
  dx: {
    name: "Back through flatten",
    tree: row(
      slope(indexed("x", "c", "r", "t")),
      sign("="),
      slope(
        under(
          letter("y"),
          sign("("),
          letter("c"),
          letter("H"),
          sign("+"),
          letter("r"),
          sign(")"),
          letter("W"),
          sign("+"),
          letter("t"),
        ),
      ),
    ),
    letters: "c: map. r, t: row and column. H, W: height and width of a map",
  },
};

/** What the layer does, forward and backward. @type {Words} */
const WORDS = {
  y: () => "The maps' numbers in one long row.",
  back: "back through flatten",
  dx: () => "The row goes back into maps. Nothing is computed.",
};

/** What is said of one number, by what was explained of it. @type {Record<string, Say>} */
const SAYS = {
  y: (e) => `The same number under a new name. It was ${spot(e.place)} of the maps.`,
  dx: (e) =>
    `Nothing is computed: the gradient goes back from number ${e.at} of the row to ` +
    `${spot(e.place)}.`,
};

/** The same numbers in one row: as they lie in a row already, only their shape is another. */
export class Flatten {
  static shortName = "flatten";
  /** @type {string[]} */
  static needed = [];
  /** @type {string[]} */
  static optional = [];
  static formulas = FORMULAS;
  static words = WORDS;
  static says = SAYS;

  /**
   * Return [C·H·W].
   *
   * @param {Shape} inputShape
   * @returns {Shape}
   */
  outputShape(inputShape) {
    return [volume(inputShape)];
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
   * @returns {{ y: T, saved: {} }}
   */
  forward(x) {
    return { y: x, saved: {} };
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
   * y_{(cH+r)W+t} = x_{c,r,t}: the same number under another name.
   *
   * @param {Layer} layer
   * @param {Scene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explain(layer, scene, index, cell) {
    const place = placeOf(layer.inputShape, cell);
    return {
      place,
      value: scene.outputs[index][cell],
      sources: [source("outputs", index, [box(cell)])],
    };
  }

  /**
   * dL/dx_{c,r,t} = dL/dy_{(cH+r)W+t}.
   *
   * @param {Layer} layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explainDerivative(layer, scene, index, cell) {
    return {
      place: placeOf(layer.inputShape, cell),
      at: cell,
      value: scene.derivatives[index + 1][cell],
      sources: [source("derivatives", index + 1, [box(cell)])],
    };
  }
}
