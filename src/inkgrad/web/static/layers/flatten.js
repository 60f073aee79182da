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
/** @typedef {import("./formula.js").Formula} Formula */

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

/** What the layer does, forward and backward. */
const WORDS = {
  y: () => "The maps' numbers in one long row.",
  back: "back through flatten",
  dx: () => "The row goes back into maps. Nothing is computed.",
};

/** What is said of one number, by what was explained of it. */
const SAYS = {
  y: (e) => `The same number under a new name. It was ${spot(e.place)} of the maps.`,
  dx: (e) =>
    `Nothing is computed: the gradient goes back from number ${e.at} of the row to ` +
    `${spot(e.place)}.`,
};

/** The same numbers in one row: as they lie in a row already, only their shape is another. */
export class Flatten {
  static shortName = "flatten";
  static needed = [];
  static optional = [];
  static formulas = FORMULAS;
  static words = WORDS;
  static says = SAYS;

  /** Return [C·H·W]. */
  outputShape(inputShape) {
    return [volume(inputShape)];
  }

  parameterShapes() {
    return {};
  }

  multiplyAdds() {
    return 0;
  }

  /** Return x itself. */
  forward(x) {
    return { y: x, saved: {} };
  }

  /** Return dy itself. */
  backward(dy) {
    return { dx: dy, gradients: {} };
  }

  /** y_{(cH+r)W+t} = x_{c,r,t}: the same number under another name. */
  static explain(layer, scene, index, cell) {
    const place = placeOf(layer.inputShape, cell);
    return {
      place,
      value: scene.outputs[index][cell],
      sources: [source("outputs", index, [box(cell)])],
    };
  }

  /** dL/dx_{c,r,t} = dL/dy_{(cH+r)W+t}. */
  static explainDerivative(layer, scene, index, cell) {
    return {
      place: placeOf(layer.inputShape, cell),
      at: cell,
      value: scene.derivatives[index + 1][cell],
      sources: [source("derivatives", index + 1, [box(cell)])],
    };
  }
}
