/**
 * A network: layers in a row, their names and shapes worked out once.
 *
 * The twin of `inkgrad/network.py`.
 *
 * @module
 */

import { ShapeError, inShort } from "../errors.js";
import { LAYERS } from "../layers/index.js";
import { volume, wholeNumber } from "../layers/layer.js";
import { configOf, makeStages, shapesOf } from "../layers/row.js";

/** @typedef {import("../layers/layer.js").Operation} Operation */
/** @typedef {import("../layers/layer.js").Shape} Shape */
/** @typedef {import("../layers/row.js").Stage} Stage */

const NEEDED =
  "the network's description needs 'input_shape' (a list of numbers) and 'layers' " +
  "(a list of objects with 'type' and settings)";

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
    this.layers = makeStages(layers, inputShape);
    /** @readonly */
    this.outputShape = this.layers[this.layers.length - 1].outputShape;
    /**
     * The shape of each parameter by its full name, in Python's order.
     *
     * @readonly @type {Record<string, Shape>}
     */
    this.parameters = shapesOf(this.layers, "parameterShapes");
    /**
     * The same of what is measured in training: "norm1.mean".
     *
     * @readonly @type {Record<string, Shape>}
     */
    this.statistics = shapesOf(this.layers, "stateShapes");
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
      layers: this.layers.map(({ layer }) => configOf(layer)),
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
      throw new ShapeError(NEEDED);
    }
    try {
      const layers = config.layers.map((/** @type {unknown} */ entry, /** @type {number} */ at) =>
        layerFromConfig(entry, `layer ${at + 1}`),
      );
      return new Network(layers, config.input_shape);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // branches within branches within …
      throw new ShapeError(`${NEEDED}; it is nested too deeply`);
    }
  }
}

/**
 * Build one layer from its type and settings.
 *
 * @param {unknown} entry
 * @param {string} where an error names it by its place, "layer 3"
 * @returns {Operation}
 */
export function layerFromConfig(entry, where) {
  const { type, ...settings } = Object(entry);
  if (typeof type !== "string" || !Object.hasOwn(LAYERS, type)) {
    throw new ShapeError(
      `${where} has the type ${inShort(type)}; there are ${Object.keys(LAYERS).join(", ")}`,
    );
  }
  const kind = LAYERS[type];
  const known = [...kind.needed, ...kind.optional];
  const given = Object.keys(settings);
  try {
    const made =
      kind.withLayers?.(settings, (inner, inside) =>
        layerFromConfig(inner, `${where}, ${inside}`),
      ) ?? settings;
    if (!kind.needed.every((n) => given.includes(n)) || !given.every((n) => known.includes(n))) {
      const those = `takes the settings (${known.join(", ")}), but is given (${given.join(", ")})`;
      throw new ShapeError(`${where} (${type}) ${those}`);
    }
    return new kind(made);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    // What begins so has said where it is.
    const isTold = [`${where}, `, `${where} (`].some((told) => error.message.startsWith(told));
    throw new ShapeError(isTold ? error.message : `${where} (${type}): ${error.message}`);
  }
}
