/**
 * Layers in a row: their names, their shapes, and the chain rule from the last to the first.
 *
 * The twin of `inkgrad/layers/row.py`. A network is such a row, and so is each branch of a
 * `Parallel`.
 *
 * @module
 */

import { ShapeError } from "../errors.js";
import { inParentheses, volume } from "./layer.js";

/** @typedef {import("./layer.js").Floats} Floats */
/** @typedef {import("./layer.js").Kind} Kind */
/** @typedef {import("./layer.js").Operation} Operation */
/** @typedef {import("./layer.js").Shape} Shape */

/**
 * A layer at its place in a row. Shapes are those of one drawing; its numbers are called
 * `${name}.${key}` among the row's, for each key of `parameterShapes` and `stateShapes`.
 *
 * @typedef {object} Stage
 * @property {string} name as in Python: "conv1", "relu1", … numbered by kind
 * @property {string} type "Conv2D", …
 * @property {Record<string, unknown>} settings those of the type: filters, size, stride, padding,
 *   outputs; sizes, strides and paddings as [rows, columns]
 * @property {number[]} inputShape
 * @property {number[]} outputShape
 * @property {Record<string, number[]>} parameterShapes of what is learnt
 * @property {Record<string, number[]>} stateShapes of what is measured in training
 * @property {number} multiplyAdds
 * @property {Operation} layer what runs it, see `layer.js`
 */

/**
 * What comes of an input, in its type of numbers.
 *
 * @template {Floats} [T=Float32Array]
 * @typedef {object} Pass
 * @property {T[]} outputs [0] is x, [i + 1] what the i-th layer gives. A Flatten gives the very
 *   array that it is given.
 * @property {any[]} saved what each layer's backward pass needs
 */

// Of a layer for one drawing: multiply-adds, and numbers that it gives. All of VGG-16 takes
// 1.5 · 10¹⁰.
const MOST_NUMBERS = 1e11;

/**
 * Name each layer and work out its shapes, first to last.
 *
 * @param {Operation[]} layers
 * @param {Shape} inputShape
 * @returns {Stage[]}
 * @throws {ShapeError} if a layer cannot take what the layer before it gives
 */
export function makeStages(layers, inputShape) {
  /** @type {Record<string, number>} */
  const counts = {};
  let shape = inputShape;
  return layers.map((layer, position) => {
    const { shortName, name: type } = /** @type {Kind} */ (layer.constructor);
    counts[shortName] = (counts[shortName] ?? 0) + 1;
    const name = `${shortName}${counts[shortName]}`;
    const where = `layer ${position + 1} (${name})`;
    const [before, after] = [shape, outputShape(layer, shape, where)];
    const multiplyAdds = layer.multiplyAdds(before);
    if (!(Math.max(multiplyAdds, volume(after)) <= MOST_NUMBERS)) {
      throw new ShapeError(
        `${where}: ${written(configOf(layer))} with inputs of shape ${inParentheses(before)} ` +
          "takes more than 100,000,000,000 multiply-adds a drawing; make it smaller",
      );
    }
    shape = after;
    return {
      name,
      type,
      settings: settingsOf(layer),
      inputShape: before,
      outputShape: after,
      parameterShapes: layer.parameterShapes(before),
      stateShapes: layer.stateShapes?.(before) ?? {},
      multiplyAdds,
      layer,
    };
  });
}

/**
 * Return a layer as plain values, ready for JSON: its type and its settings.
 *
 * @param {Operation} layer
 * @returns {Record<string, unknown>}
 */
export function configOf(layer) {
  return { type: layer.constructor.name, ...settingsOf(layer) };
}

/**
 * @param {Operation} layer
 * @returns {Record<string, unknown>}
 */
function settingsOf(layer) {
  return layer.plainSettings?.() ?? { ...layer };
}

/**
 * Write a layer, or one of its settings, as Python does: "Dense(outputs=5)".
 *
 * @param {any} value
 * @returns {string}
 */
function written(value) {
  if (Array.isArray(value)) return inParentheses(value.map(written));
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return `'${value}'`;
  if (typeof value !== "object" || value === null) return String(value);
  const { type, ...settings } = value;
  const listed = Object.entries(settings).map(([name, setting]) => `${name}=${written(setting)}`);
  return `${type}(${listed.join(", ")})`;
}

/**
 * Run stages, first to last.
 *
 * @template {Floats} T
 * @param {Stage[]} stages
 * @param {T} x
 * @param {Record<string, Floats>} numbers by name: "conv1.weight"
 * @returns {Pass<T>}
 */
export function forward(stages, x, numbers) {
  const outputs = [x];
  const saved = [];
  for (const [i, stage] of stages.entries()) {
    const pass = stage.layer.forward(outputs[i], stage.inputShape, numbersOf(stage, numbers));
    outputs.push(pass.y);
    saved.push(pass.saved);
  }
  return { outputs, saved };
}

/**
 * Return the derivatives of everything and each parameter's gradient: the chain rule, last stage
 * to first.
 *
 * @template {Floats} T
 * @param {Stage[]} stages
 * @param {any[]} saved by `forward`
 * @param {T} dy
 * @returns {{ derivatives: T[], gradients: Record<string, T> }} `derivatives[i]` is
 *   dL/d(outputs[i]); gradients by name
 */
export function backward(stages, saved, dy) {
  const derivatives = [dy];
  /** @type {Record<string, T>} */
  const found = {};
  for (let i = stages.length - 1; i >= 0; i--) {
    const { name, layer } = stages[i];
    const { dx, gradients } = layer.backward(derivatives[0], saved[i]);
    derivatives.unshift(dx);
    for (const [key, gradient] of Object.entries(gradients)) found[`${name}.${key}`] = gradient;
  }
  return { derivatives, gradients: found };
}

/**
 * Return shapes of all stages by full name, first stage first.
 *
 * @param {Stage[]} stages
 * @param {"parameterShapes" | "stateShapes"} which
 * @returns {Record<string, Shape>}
 */
export function shapesOf(stages, which) {
  /** @type {Record<string, Shape>} */
  const shapes = {};
  for (const stage of stages) {
    for (const [key, shape] of Object.entries(stage[which])) shapes[`${stage.name}.${key}`] = shape;
  }
  return shapes;
}

/**
 * Return what a row gives.
 *
 * @param {Stage[]} stages
 * @param {Shape} inputShape
 */
export function endOf(stages, inputShape) {
  return stages.length === 0 ? inputShape : stages[stages.length - 1].outputShape;
}

/**
 * Return one stage's numbers by their short names.
 *
 * @param {Stage} stage
 * @param {Record<string, Floats>} numbers
 */
function numbersOf({ name, parameterShapes, stateShapes }, numbers) {
  const keys = [...Object.keys(parameterShapes), ...Object.keys(stateShapes)];
  return Object.fromEntries(keys.map((key) => [key, numbers[`${name}.${key}`]]));
}

/**
 * @param {Operation} layer
 * @param {Shape} inputShape
 * @param {string} where
 */
function outputShape(layer, inputShape, where) {
  try {
    return layer.outputShape(inputShape);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new ShapeError(`${where}: ${error.message}`);
  }
}
