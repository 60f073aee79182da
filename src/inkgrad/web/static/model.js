/**
 * A trained network: its numbers, its classes, how drawings reach it, and how it came to be.
 *
 * The twin of `inkgrad/model.py`: what one writes, the other reads, and both refuse the same files.
 *
 * @module
 */

import { forward } from "./engine.js";
import { ModelError, ShapeError, inAList } from "./errors.js";
import { inParentheses, volume } from "./layers/layer.js";
import { softmax } from "./layers/softmax.js";
import { Network } from "./network.js";
import { Raster, toBitmap } from "./raster.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";

/** @typedef {import("./strokes.js").Drawing} Drawing */
/** @typedef {import("./engine.js").Parameters} Parameters */

/**
 * What the last layer was given for the drawings of each class, so that classes can be added:
 * rows of means and of standard deviations, [classes, inputs of the last layer].
 *
 * @typedef {{mean: Float32Array, deviation: Float32Array}} Features
 */

const KEY = "inkgrad"; // of the metadata entry that describes the model
const VERSION = 1;
const FEATURES = ["mean", "deviation"]; // tensors "features.mean" and "features.deviation"

/** A network with its parameters, ready to recognise drawings. */
export class Model {
  /**
   * @param {object} parts
   * @param {Network} parts.network with inputs [1, side, side] and one output a class
   * @param {Parameters} parts.parameters
   * @param {string[]} parts.classes what each output means, in order
   * @param {Raster} parts.raster how strokes become the bitmaps that the network was trained on
   * @param {object} [parts.record] where the model comes from: plain values
   * @param {Features | null} [parts.features]
   * @throws {ModelError} if classes, network and rasteriser do not fit together
   */
  constructor({ network, parameters, classes, raster, record = {}, features = null }) {
    const { side } = raster;
    if (String(network.inputShape) !== `1,${side},${side}`) {
      throw new ModelError(
        `the network takes inputs of shape ${inParentheses(network.inputShape)}, but the ` +
          `rasteriser makes (1, ${side}, ${side})`,
      );
    }
    if (String(network.outputShape) !== String(classes.length)) {
      throw new ModelError(
        `the network's output has shape ${inParentheses(network.outputShape)}, ` +
          `but there are ${classes.length} classes`,
      );
    }
    const areNamed = classes.every((name) => typeof name === "string" && name !== "");
    if (!areNamed || new Set(classes).size !== classes.length) {
      throw new ModelError("the classes must be distinct names that are not empty");
    }
    Object.assign(this, { network, parameters, classes, raster, record, features });
    Object.freeze(this);
  }

  /**
   * Recognise a drawing.
   *
   * @param {Drawing} drawing strokes of any origin, size and place; see `toBitmap`
   * @returns {{bitmap: Uint8Array, outputs: Float32Array[], saved: object[],
   *   probabilities: Float32Array}} the picture, the pass (see `forward`), and its answer
   * @throws {DrawingError} if the strokes are unusable
   */
  see(drawing) {
    const bitmap = toBitmap(drawing, this.raster);
    const pass = forward(this.network, this.parameters, asInput(bitmap));
    return { bitmap, ...pass, probabilities: softmax(pass.outputs[pass.outputs.length - 1]) };
  }

  /**
   * Return the model as a file that `inkgrad.load` reads.
   *
   * @returns {Uint8Array}
   */
  toBytes() {
    const { network, parameters, classes, raster, record, features } = this;
    const description = {
      version: VERSION,
      network: network.toConfig(),
      classes,
      raster: raster.toDict(),
      record,
    };
    const tensors = Object.entries(network.parameters).map(([name, shape]) => [
      name,
      { shape, data: parameters[name] },
    ]);
    if (features !== null) {
      const shape = featuresShape(network);
      for (const key of FEATURES) tensors.push([`features.${key}`, { shape, data: features[key] }]);
    }
    return writeSafetensors(Object.fromEntries(tensors), { [KEY]: JSON.stringify(description) });
  }

  /**
   * Read a model file, trusting nothing in it.
   *
   * Unlike in Python, its numbers may be 16-bit floats, as in pages of a single file.
   *
   * @param {Uint8Array} bytes
   * @param {string} [where] how an error calls the file
   * @returns {Model}
   * @throws {ModelError} if it is damaged, not a model of inkgrad's, or its parts do not fit
   */
  static fromBytes(bytes, where = "the file") {
    const { metadata, tensors } = readSafetensors(bytes, where);
    try {
      const { network: config, classes, raster, record } = describe(metadata);
      const network = Network.fromConfig(config);
      const { parameters, features } = fill(network, tensors);
      return new Model({
        network,
        parameters,
        classes,
        raster: readRaster(raster),
        record,
        features,
      });
    } catch (error) {
      if (!(error instanceof ModelError || error instanceof ShapeError)) throw error;
      throw new ModelError(`${where} cannot be used: ${error.message}`);
    }
  }
}

/**
 * Return a bitmap as the network is given it: ink 1 on paper 0.
 *
 * @param {Uint8Array} bitmap
 * @returns {Float32Array}
 */
export function asInput(bitmap) {
  return Float32Array.from(bitmap, (grey) => grey / 255);
}

/** Return the description of the model, its parts present and of the right kind. */
function describe(metadata) {
  if (!Object.hasOwn(metadata, KEY)) {
    throw new ModelError(`its metadata has no entry '${KEY}': it is not a model of inkgrad's`);
  }
  let description;
  try {
    description = JSON.parse(metadata[KEY]);
    JSON.stringify(description); // fails if it is nested too deeply to be sent or saved again
  } catch {
    throw new ModelError(`its metadata entry '${KEY}' is not JSON`);
  }
  if (description?.version !== VERSION) {
    throw new ModelError(`it is not of version ${VERSION}, the one that this inkgrad reads`);
  }
  for (const [name, isList] of [["network", false], ["classes", true], ["record", false]]) {
    const value = description[name];
    if (typeof value !== "object" || value === null || Array.isArray(value) !== isList) {
      throw new ModelError(`its description has no ${name}, or of a wrong kind`);
    }
  }
  return description;
}

/** Return the rasteriser's settings, which nobody can guess from the network. */
function readRaster(settings) {
  try {
    if (settings === undefined || settings === null) {
      throw new ModelError("there are no rasteriser settings");
    }
    return Raster.fromDict(settings);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new ModelError(
      `it does not say how drawings became the bitmaps that it learnt from (${error.message}), ` +
        "and inkgrad refuses to guess; save it anew from where it was made, or train it anew",
    );
  }
}

/** Return the tensors as the network's parameters and features, after checking every one. */
function fill(network, tensors) {
  const needed = { ...network.parameters };
  const hasFeatures = FEATURES.some((key) => Object.hasOwn(tensors, `features.${key}`));
  if (hasFeatures) {
    const shape = featuresShape(network);
    for (const key of FEATURES) needed[`features.${key}`] = shape;
  }
  const names = Object.keys(needed);
  if (String([...names].sort()) !== String(Object.keys(tensors).sort())) {
    throw new ModelError(
      `the tensors are ${inAList(Object.keys(tensors))}, ` +
        `but the network's parameters are ${inAList(names)}`,
    );
  }
  for (const name of names) {
    const { shape, data } = tensors[name];
    if (String(shape) !== String(needed[name])) {
      throw new ModelError(
        `${name} is of shape ${inParentheses(shape)}; ` +
          `it must be float32 of shape ${inParentheses(needed[name])}`,
      );
    }
    if (!data.every(Number.isFinite)) {
      throw new ModelError(`${name} holds numbers that are not finite`);
    }
  }
  const parameters = Object.keys(network.parameters).map((name) => [name, tensors[name].data]);
  const features = FEATURES.map((key) => [key, tensors[`features.${key}`]?.data]);
  return {
    parameters: Object.fromEntries(parameters),
    features: hasFeatures ? Object.fromEntries(features) : null,
  };
}

/** Return [classes, inputs of the last layer], the shape of a model's features. */
function featuresShape({ layers }) {
  const { type, inputShape, outputShape } = layers[layers.length - 1];
  if (type !== "Dense") {
    throw new ModelError("only a network whose last layer is Dense can have features");
  }
  return [volume(outputShape), volume(inputShape)];
}
