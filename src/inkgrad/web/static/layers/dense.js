/**
 * Dense: every output is a weighted sum of every input.
 *
 * The twin of `inkgrad/layers/dense.py`.
 *
 * @module
 */

import { ShapeError } from "../errors.js";
import { MOST_TERMS, box, count, largest, placeOf, source, sum } from "./explanation.js";
import { indexed, letter, row, sign, slope, total } from "./formula.js";
import { inParentheses, wholeNumber, zerosLike } from "./layer.js";

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
    name: "Dense",
    tree: row(
      indexed("y", "k"),
      sign("="),
      total(letter("i")),
      indexed("x", "i"),
      indexed("w", "i", "k"),
      sign("+"),
      indexed("β", "k"),
    ),
    letters: "k: this output. i: input",
  },
  dx: {
    name: "Back through dense",
    tree: row(
      slope(indexed("x", "i")),
      sign("="),
      total(letter("k")),
      slope(indexed("y", "k")),
      indexed("w", "i", "k"),
    ),
    letters: "i: this input. k: output",
  },
  weight: {
    name: "A dense weight",
    tree: row(
      slope(indexed("w", "i", "k")),
      sign("="),
      indexed("x", "i"),
      slope(indexed("y", "k")),
    ),
    letters: "i: input. k: output",
  },
  bias: {
    name: "A dense bias",
    tree: row(slope(indexed("β", "k")), sign("="), slope(indexed("y", "k"))),
    letters: "k: output",
  },
};

/** What the layer does, forward and backward. @type {Words} */
const WORDS = {
  y: ({ inputShape: [inputs], outputShape: [outputs] }) =>
    `${count(outputs, "output")}: each adds up all ${inputs.toLocaleString("en-US")} inputs, ` +
    "weighed in its own way.",
  back: "back through the weights",
  dx: () => "Each weight gets its input times its output's gradient.",
  weights: ({ outputShape: [outputs] }) =>
    `Gradients of the weights: one picture for each of the ${outputs} outputs`,
};

/** What is said of one number, by what was explained of it. @type {Record<string, Say>} */
const SAYS = {
  y: () => "Every input times its weight, all added up, and the bias.",
  dx: () => "Each output's gradient times the weight that led to it, all added up.",
  weight: (e) =>
    e.x === 0
      ? "Its input was 0: this weight said nothing, so it learns nothing."
      : "The input that it saw, times what its output's loss asks for.",
  bias: () => "A bias is added to its output as it is, so it gets its output's gradient.",
};

/** A fully connected layer: y = x W + β. */
export class Dense {
  static shortName = "dense";
  static needed = ["outputs"];
  /** @type {string[]} */
  static optional = [];
  static formulas = FORMULAS;
  static words = WORDS;
  static says = SAYS;

  /** @param {Record<string, unknown>} settings as in Python */
  constructor({ outputs }) {
    this.outputs = wholeNumber(outputs, "outputs");
  }

  /**
   * Return [K] for an input [I].
   *
   * @param {Shape} inputShape
   * @returns {Shape}
   */
  outputShape(inputShape) {
    if (inputShape.length !== 1) {
      throw new ShapeError(
        "a dense layer needs one row of numbers (inputs,), but is given " +
          `${inParentheses(inputShape)}; put a Flatten() before it`,
      );
    }
    return [this.outputs];
  }

  /**
   * Return the shapes of the weight, [I, K], and of the bias, [K].
   *
   * @param {Shape} inputShape
   * @returns {Record<string, Shape>}
   */
  parameterShapes([inputs]) {
    return { weight: [inputs, this.outputs], bias: [this.outputs] };
  }

  /**
   * Return I·K.
   *
   * @param {Shape} inputShape
   */
  multiplyAdds([inputs]) {
    return inputs * this.outputs;
  }

  /**
   * Return y [K] for x [I].
   *
   * @template {Floats} T
   * @param {T} x
   * @param {Shape} _inputShape
   * @param {Record<string, Floats>} parameters
   * @returns {{ y: T, saved: { x: Floats, weight: Floats } }}
   */
  forward(x, _inputShape, { weight, bias }) {
    const sums = new Float64Array(this.outputs);
    sums.set(bias);
    for (let i = 0; i < x.length; i++) {
      if (x[i] === 0) continue; // behind a ReLU most inputs are
      addRow(sums, weight, i * this.outputs, x[i]);
    }
    const y = zerosLike(x, this.outputs);
    y.set(sums);
    return { y, saved: { x, weight } };
  }

  /**
   * Return dx = G Wᵀ and the gradients dW = xᵀ G and dβ = G.
   *
   * @template {Floats} T
   * @param {T} dy
   * @param {{ x: Floats, weight: Floats }} saved
   * @returns {{ dx: T, gradients: Record<string, T> }}
   */
  backward(dy, { x, weight }) {
    const k = this.outputs;
    const dx = zerosLike(dy, x.length);
    const dweight = zerosLike(dy, weight.length);
    for (let i = 0; i < x.length; i++) {
      let sum = 0;
      for (let j = 0; j < k; j++) {
        sum += dy[j] * weight[i * k + j];
        dweight[i * k + j] = x[i] * dy[j];
      }
      dx[i] = sum;
    }
    const dbias = zerosLike(dy, k);
    dbias.set(dy);
    return { dx, gradients: { weight: dweight, bias: dbias } };
  }

  /**
   * y_k = Σ x_i w_{i,k} + β_k.
   *
   * @param {Layer} layer
   * @param {Scene} scene
   * @param {number} index
   * @param {number} k
   * @returns {Explained}
   */
  static explain(layer, scene, index, k) {
    const x = scene.outputs[index];
    const weights = scene.parameters[`${layer.name}.weight`];
    const outputs = layer.outputShape[0];
    const terms = [];
    for (let i = 0; i < x.length; i++) {
      const weight = weights[i * outputs + k];
      terms.push({ at: i, left: x[i], right: weight, sum: x[i] * weight });
    }
    const bias = scene.parameters[`${layer.name}.bias`][k];
    const { parts, others } = largest(terms, MOST_TERMS);
    return {
      parts,
      others,
      bias,
      value: sum(terms.map((term) => term.sum)) + bias,
      sources: [
        source(
          "outputs",
          index,
          parts.map((part) => box(part.at)),
        ),
      ],
    };
  }

  /**
   * dL/dx_i = Σ dL/dy_k w_{i,k}.
   *
   * @param {Layer} layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} i
   * @returns {Explained}
   */
  static explainDerivative(layer, scene, index, i) {
    const dy = scene.derivatives[index + 1];
    const weights = scene.parameters[`${layer.name}.weight`];
    const terms = Array.from(dy, (derivative, k) => {
      const weight = weights[i * dy.length + k];
      return { at: k, left: derivative, right: weight, sum: derivative * weight };
    });
    const { parts, others } = largest(terms, MOST_TERMS);
    return {
      parts,
      others,
      value: sum(terms.map((term) => term.sum)),
      sources: [
        source(
          "derivatives",
          index + 1,
          parts.map((part) => box(part.at)),
        ),
      ],
    };
  }

  /**
   * dL/dw_{i,k} = x_i dL/dy_k.
   *
   * @param {Layer} layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explainWeight(layer, scene, index, cell) {
    const [i, k] = placeOf([layer.inputShape[0], layer.outputShape[0]], cell);
    const [left, right] = [scene.outputs[index][i], scene.derivatives[index + 1][k]];
    return {
      place: [i, k],
      x: left,
      derivative: right,
      value: left * right,
      sources: [source("derivatives", index + 1, [box(k)]), source("outputs", index, [box(i)])],
    };
  }

  /**
   * dL/dβ_k = dL/dy_k.
   *
   * @param {Layer} _layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} k
   * @returns {Explained}
   */
  static explainBias(_layer, scene, index, k) {
    const value = scene.derivatives[index + 1][k];
    return {
      place: [k],
      derivative: value,
      value,
      sources: [source("derivatives", index + 1, [box(k)])],
    };
  }

  /**
   * Explain the gradient of one weight or bias; see `explainGradient`.
   *
   * @param {string} parameter
   * @param {Layer} layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explainGradient(parameter, layer, scene, index, cell) {
    const explain = parameter === "weight" ? Dense.explainWeight : Dense.explainBias;
    return explain(layer, scene, index, cell);
  }
}

/**
 * @param {Float64Array} sums
 * @param {Floats} weight
 * @param {number} at
 * @param {number} x
 */
function addRow(sums, weight, at, x) {
  for (let k = 0; k < sums.length; k++) sums[k] += x * weight[at + k];
}
