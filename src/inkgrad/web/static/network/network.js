/**
 * A network: layers in a row, their names and shapes worked out once.
 *
 * The twin of `inkgrad/network.py`.
 *
 * @module
 */

import { ShapeError, inShort } from "../errors.js";
import { LAYERS } from "../layers/index.js";
import { inParentheses, volume, wholeNumber } from "../layers/layer.js";

/** @typedef {import("../layers/layer.js").Kind} Kind */
/** @typedef {import("../layers/layer.js").Operation} Operation */
/** @typedef {import("../layers/layer.js").Shape} Shape */

/**
 * A layer at its place in a network. Shapes are those of one drawing; weights are called
 * `${name}.${key}` among a network's parameters, for each key of `parameterShapes`.
 *
 * @typedef {object} Stage
 * @property {string} name as in Python: "conv1", "relu1", … numbered by kind
 * @property {string} type "Conv2D", …
 * @property {Record<string, unknown>} settings those of the type: filters, size, stride, padding,
 *   outputs; sizes, strides and paddings as [rows, columns]
 * @property {number[]} inputShape
 * @property {number[]} outputShape
 * @property {Record<string, number[]>} parameterShapes
 * @property {number} multiplyAdds
 * @property {Operation} layer who carries it out, see `layers/layer.js`
 */

const MOST_MULTIPLY_ADDS = 1e11; // of a layer for one drawing; all of VGG-16 takes 1.5 · 10¹⁰

/** Layers in a row, for inputs of one shape; each infers its sizes from the one before it. */
export class Network {
  /**
   * @param {Operation[]} layers
   * @param {number[]} [inputShape]
   * @throws {ShapeError} if a layer cannot take what the layer before it gives
   *
   * @example
   * new Network([new Flatten(), new Dense({ outputs: 5 })]).parameters;
   * // {"dense1.weight": [784, 5], "dense1.bias": [5]}
   */
  constructor(layers, inputShape = [1, 28, 28]) {
    if (layers.length === 0) throw new ShapeError("the network has no layers; give at least one");
    if (!Array.isArray(inputShape) || inputShape.length === 0) {
      throw new ShapeError(
        `input_shape is ${inShort(inputShape)}; give whole numbers, such as (1, 28, 28)`,
      );
    }
    for (const length of inputShape) wholeNumber(length, "a length of input_shape");
    /** @readonly */
    this.inputShape = inputShape;
    /** @readonly @type {Stage[]} */
    this.layers = stages(layers, inputShape);
    /** @readonly */
    this.outputShape = this.layers[this.layers.length - 1].outputShape;
    /**
     * The shape of each parameter by its full name, in Python's order.
     *
     * @readonly @type {Record<string, Shape>}
     */
    this.parameters = {};
    for (const { name, parameterShapes } of this.layers) {
      for (const key of Object.keys(parameterShapes)) {
        this.parameters[`${name}.${key}`] = parameterShapes[key];
      }
    }
    /** @readonly How many numbers the network learns. */
    this.size = Object.values(this.parameters).reduce((sum, shape) => sum + volume(shape), 0);
  }

  /**
   * Return the network as plain values, ready for JSON, as Python's `to_config` does.
   *
   * @returns {{ input_shape: Shape, layers: Record<string, unknown>[] }}
   */
  toConfig() {
    return {
      input_shape: this.inputShape,
      layers: this.layers.map(({ type, settings }) => ({ type, ...settings })),
    };
  }

  /**
   * Rebuild a network from `toConfig`'s values, or Python's, trusting none of them.
   *
   * @param {any} config
   * @returns {Network}
   * @throws {ShapeError} if anything in it is missing, unknown or unusable
   */
  static fromConfig(config) {
    if (!Array.isArray(config?.layers) || config.input_shape === undefined) {
      throw new ShapeError(
        "the network's description needs 'input_shape' (a list of numbers) and 'layers' " +
          "(a list of objects with 'type' and settings)",
      );
    }
    return new Network(config.layers.map(layerFromConfig), config.input_shape);
  }
}

/**
 * Name each layer and work out its shapes, first to last.
 *
 * @param {Operation[]} layers
 * @param {Shape} inputShape
 * @returns {Stage[]}
 */
function stages(layers, inputShape) {
  /** @type {Record<string, number>} */
  const counts = {};
  let shape = inputShape;
  return layers.map((layer, position) => {
    const kind = /** @type {Kind} */ (layer.constructor);
    const type = Object.keys(LAYERS).find((name) => LAYERS[name] === kind) ?? kind.name;
    counts[type] = (counts[type] ?? 0) + 1;
    const name = `${kind.shortName}${counts[type]}`;
    const where = `layer ${position + 1} (${name})`;
    const [before, after] = [shape, outputShape(layer, shape, where)];
    const multiplyAdds = layer.multiplyAdds(before);
    if (!(multiplyAdds <= MOST_MULTIPLY_ADDS)) {
      throw new ShapeError(
        `${where}: ${type} with inputs of shape ${inParentheses(before)} takes more than ` +
          "100,000,000,000 multiply-adds a drawing; make it smaller",
      );
    }
    shape = after;
    return {
      name,
      type,
      settings: { ...layer },
      inputShape: before,
      outputShape: after,
      parameterShapes: layer.parameterShapes(before),
      multiplyAdds,
      layer,
    };
  });
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

/**
 * Build one layer from its type and settings; an error names it.
 *
 * @param {unknown} entry
 * @param {number} at
 */
function layerFromConfig(entry, at) {
  const { type, ...settings } = Object(entry);
  if (typeof type !== "string" || !Object.hasOwn(LAYERS, type)) {
    throw new ShapeError(
      `layer ${at + 1} has the type ${inShort(type)}; there are ${Object.keys(LAYERS).join(", ")}`,
    );
  }
  const { needed, optional } = LAYERS[type];
  const known = [...needed, ...optional];
  const given = Object.keys(settings);
  if (!needed.every((name) => given.includes(name)) || !given.every((n) => known.includes(n))) {
    throw new ShapeError(
      `layer ${at + 1} (${type}) takes the settings (${known.join(", ")}), ` +
        `but is given (${given.join(", ")})`,
    );
  }
  try {
    return new LAYERS[type](settings);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new ShapeError(`layer ${at + 1} (${type}): ${error.message}`);
  }
}
