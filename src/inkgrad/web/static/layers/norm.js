/**
 * Batch normalisation: every channel with mean 0 and variance 1, then scaled and shifted.
 *
 * The twin of `inkgrad/layers/norm.py`, in use: the page's networks answer, also where they take a
 * step. Mean and variance are then the running averages that training left, and constants.
 *
 * @module
 */

import { ShapeError, inShort } from "../errors.js";
import { MOST_TERMS, box, largest, placeOf, source, sum } from "./explanation.js";
import { indexed, letter, number, row, sign, slope, total } from "./formula.js";
import { volume, wholeNumber, zerosLike } from "./layer.js";

/** @typedef {import("./explanation.js").Layer} Layer */
/** @typedef {import("./explanation.js").Scene} Scene */
/** @typedef {import("./explanation.js").LearnedScene} LearnedScene */
/** @typedef {import("./explanation.js").Explained} Explained */
/** @typedef {import("./formula.js").Formula} Formula */
/** @typedef {import("./formula.js").Tree} Tree */
/** @typedef {import("./layer.js").Floats} Floats */
/** @typedef {import("./layer.js").Say} Say */
/** @typedef {import("./layer.js").Shape} Shape */
/** @typedef {import("./layer.js").Words} Words */

// Of the formulas below.
/** @type {Tree} */
const SPREAD = ["msqrt", row(["msup", letter("σ"), number("2")], sign("+"), letter("ε"))];
/** @type {Tree} */
const NORMAL = ["mfrac", row(letter("x"), sign("−"), letter("μ")), SPREAD];
const STATISTICS = "μ, σ²: the channel's mean and variance in training. ε: a small number";

/** What is computed, and its derivatives. @type {Record<string, Formula>} */
const FORMULAS = {
  y: {
    name: "Batch norm",
    tree: row(letter("y"), sign("="), letter("γ"), sign("·"), NORMAL, sign("+"), letter("β")),
    letters: `${STATISTICS}. γ, β: the channel's scale and shift`,
  },
  dx: {
    name: "Back through batch norm",
    tree: row(slope(letter("x")), sign("="), slope(letter("y")), sign("·"), [
      "mfrac",
      letter("γ"),
      SPREAD,
    ]),
    letters: `γ: the channel's scale. ${STATISTICS}`,
  },
  scale: {
    name: "A scale of batch norm",
    tree: row(
      slope(indexed("γ", "c")),
      sign("="),
      total(letter("i")),
      slope(indexed("y", "c", "i")),
      sign("·"),
      NORMAL,
    ),
    letters: `c: channel. i: its places. ${STATISTICS}`,
  },
  shift: {
    name: "A shift of batch norm",
    tree: row(
      slope(indexed("β", "c")),
      sign("="),
      total(letter("i")),
      slope(indexed("y", "c", "i")),
    ),
    letters: "c: channel. i: its places",
  },
};

/** What the layer does, forward and backward. @type {Words} */
const WORDS = {
  y: () =>
    "Every channel is brought to mean 0 and variance 1, as measured in training, then scaled and " +
    "shifted.",
  back: "back through the norm",
  dx: () => "The gradient is scaled as the number was.",
};

/** What is said of one number, by what was explained of it. @type {Record<string, Say>} */
const SAYS = {
  y: () => "How far x is from its channel's mean, in units of its spread; then scaled and shifted.",
  dx: () => "What x is multiplied by, its gradient is multiplied by, too.",
  scale: () => "At every place of the channel, the normalised number times its output's gradient.",
  shift: () => "A shift is added at every place of the channel, so it gets all of their gradients.",
};

/** Batch norm in use: y = γ (x − μ)/√(σ² + ε) + β, channel by channel. */
export class BatchNorm {
  static shortName = "norm";
  /** @type {string[]} */
  static needed = [];
  static optional = ["shard", "momentum", "epsilon"];
  static formulas = FORMULAS;
  static words = WORDS;
  static says = SAYS;

  /** @param {Record<string, unknown>} settings as in Python */
  constructor({ shard = 32, momentum = 0.1, epsilon = 1e-5 } = {}) {
    this.shard = wholeNumber(shard, "shard");
    this.momentum = positive(momentum, "momentum", 1);
    this.epsilon = positive(epsilon, "epsilon", Infinity);
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

  /**
   * Return a scale and a shift for each channel.
   *
   * @param {Shape} inputShape
   * @returns {Record<string, Shape>}
   */
  parameterShapes([channels]) {
    return { scale: [channels], shift: [channels] };
  }

  /**
   * Return a running mean and a running variance for each channel.
   *
   * @param {Shape} inputShape
   * @returns {Record<string, Shape>}
   */
  stateShapes([channels]) {
    return { mean: [channels], variance: [channels] };
  }

  /**
   * Return one for each number.
   *
   * @param {Shape} inputShape
   */
  multiplyAdds(inputShape) {
    return volume(inputShape);
  }

  /**
   * Return y, of the shape of x.
   *
   * @template {Floats} T
   * @param {T} x
   * @param {Shape} inputShape
   * @param {Record<string, Floats>} numbers
   * @returns {{ y: T, saved: { x: Floats, scale: Floats, mean: Floats, rates: Float64Array } }}
   */
  forward(x, inputShape, { scale, shift, mean, variance }) {
    const places = volume(inputShape.slice(1));
    const rates = Float64Array.from(variance, (v) => 1 / Math.sqrt(v + this.epsilon));
    const y = zerosLike(x, x.length);
    for (let i = 0, c = 0; c < rates.length; c++) {
      for (const end = i + places; i < end; i++) {
        y[i] = scale[c] * ((x[i] - mean[c]) * rates[c]) + shift[c];
      }
    }
    return { y, saved: { x, scale, mean, rates } };
  }

  /**
   * Return dx = dy γ/√(σ² + ε) and the gradients dγ = Σ dy x̂ and dβ = Σ dy.
   *
   * @template {Floats} T
   * @param {T} dy
   * @param {{ x: Floats, scale: Floats, mean: Floats, rates: Float64Array }} saved
   * @returns {{ dx: T, gradients: Record<string, T> }}
   */
  backward(dy, { x, scale, mean, rates }) {
    const places = dy.length / rates.length;
    const dx = zerosLike(dy, dy.length);
    const [dscale, dshift] = [zerosLike(dy, rates.length), zerosLike(dy, rates.length)];
    for (let i = 0, c = 0; c < rates.length; c++) {
      let [along, all] = [0, 0];
      for (const end = i + places; i < end; i++) {
        dx[i] = dy[i] * (scale[c] * rates[c]);
        along += dy[i] * ((x[i] - mean[c]) * rates[c]);
        all += dy[i];
      }
      dscale[c] = along;
      dshift[c] = all;
    }
    return { dx, gradients: { scale: dscale, shift: dshift } };
  }

  /**
   * y = γ (x − μ)/√(σ² + ε) + β.
   *
   * @param {Layer} layer
   * @param {Scene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explain(layer, scene, index, cell) {
    const x = scene.outputs[index][cell];
    const { mean, spread, scale, shift } = channelOf(layer, scene, cell);
    return {
      x,
      mean,
      spread,
      scale,
      shift,
      value: (scale * (x - mean)) / spread + shift,
      sources: [source("outputs", index, [box(cell)])],
    };
  }

  /**
   * dL/dx = dL/dy γ/√(σ² + ε).
   *
   * @param {Layer} layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explainDerivative(layer, scene, index, cell) {
    const derivative = scene.derivatives[index + 1][cell];
    const { spread, scale } = channelOf(layer, scene, cell);
    return {
      derivative,
      spread,
      scale,
      value: (derivative * scale) / spread,
      sources: [source("derivatives", index + 1, [box(cell)])],
    };
  }

  /**
   * dL/dγ_c = Σ dL/dy_{c,i} x̂_{c,i}, and dL/dβ_c = Σ dL/dy_{c,i}, over the channel's places i.
   *
   * @param {string} parameter
   * @param {Layer} layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} c
   * @returns {Explained}
   */
  static explainGradient(parameter, layer, scene, index, c) {
    const places = volume(layer.inputShape.slice(1));
    const [x, dy] = [scene.outputs[index], scene.derivatives[index + 1]];
    const { mean, spread } = channelOf(layer, scene, c * places);
    const terms = [];
    for (let at = c * places; at < (c + 1) * places; at++) {
      const place = placeOf(layer.inputShape, at);
      const [left, right] = [dy[at], (x[at] - mean) / spread];
      terms.push(
        parameter === "scale"
          ? { at, place, left, right, sum: left * right }
          : { at, place, left, sum: left },
      );
    }
    const { parts, others } = largest(terms, MOST_TERMS);
    const boxes = parts.map((part) => box(part.at));
    return {
      place: [c],
      parts,
      others,
      value: sum(terms.map((term) => term.sum)),
      sources: [source("derivatives", index + 1, boxes), source("outputs", index, boxes)],
    };
  }
}

/**
 * Return the numbers of a cell's channel; `spread` is √(σ² + ε).
 *
 * @param {Layer} layer
 * @param {Scene} scene
 * @param {number} cell
 */
function channelOf({ name, inputShape, settings }, { parameters, statistics }, cell) {
  const [c] = placeOf(inputShape, cell);
  const { epsilon } = new BatchNorm(settings);
  return {
    scale: parameters[`${name}.scale`][c],
    shift: parameters[`${name}.shift`][c],
    mean: statistics[`${name}.mean`][c],
    spread: Math.sqrt(statistics[`${name}.variance`][c] + epsilon),
  };
}

/**
 * Return a setting that must be a number above 0.
 *
 * @param {unknown} value
 * @param {string} what
 * @param {number} most
 * @returns {number}
 */
function positive(value, what, most) {
  if (typeof value !== "number" || !(value > 0 && value <= most && value < Infinity)) {
    const bound = most === Infinity ? "" : ` and at most ${most}`;
    throw new ShapeError(`${what} is ${inShort(value)}; give a number above 0${bound}`);
  }
  return value;
}
