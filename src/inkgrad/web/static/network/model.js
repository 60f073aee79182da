/**
 * A trained network: its numbers, its classes, how drawings reach it, and how it came to be.
 *
 * The twin of `inkgrad/model.py`: what one writes, the other reads, and both refuse the same files.
 *
 * @module
 */

import { Confidence } from "./confidence.js";
import { forward } from "./engine.js";
import { EXAMPLES, takeFeatures } from "./features.js";
import { ModelError, ShapeError, inAList } from "../errors.js";
import { parseJson } from "../json.js";
import { inParentheses } from "../layers/layer.js";
import { softmax } from "../layers/softmax.js";
import { Network } from "./network.js";
import { Predictor } from "./predictor.js";
import { Raster, toBitmap } from "../drawing/raster.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";

/** @typedef {import("../drawing/strokes.js").Drawing} Drawing */
/** @typedef {import("./engine.js").Parameters} Parameters */
/** @typedef {import("./features.js").Features} Features */
/** @typedef {import("./safetensors.js").Tensor} Tensor */

/**
 * How familiar a drawing is, 0 to 1, and whether it is none of the classes: where the model was not
 * trained to say so, none is.
 *
 * @typedef {{familiarity: number, isRejected: boolean}} Judged
 */

const KEY = "inkgrad"; // of the metadata entry that describes the model
const VERSION = 1;

/** A network with its parameters, ready to recognise drawings. */
export class Model {
  /** @type {Predictor | null} */
  #predictor = null; // made when it is first needed

  /**
   * @param {object} parts
   * @param {Network} parts.network with inputs [1, side, side] and one output a class
   * @param {Parameters} parts.parameters
   * @param {Parameters} [parts.statistics] what the network measured while it learnt
   * @param {string[]} parts.classes what each output means, in order
   * @param {Raster} parts.raster how strokes become the bitmaps that the network was trained on
   * @param {Record<string, any>} [parts.record] where the model comes from: plain values
   * @param {Features | null} [parts.features]
   * @param {Confidence | null} [parts.confidence] null: nothing is rejected
   * @throws {ModelError} if classes, network and rasteriser do not fit together
   */
  constructor({
    network,
    parameters,
    statistics = {},
    classes,
    raster,
    record = {},
    features = null,
    confidence = null,
  }) {
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
    /** @readonly */
    this.network = network;
    /** @readonly */
    this.parameters = parameters;
    /** @readonly */
    this.statistics = statistics;
    /** @readonly */
    this.classes = classes;
    /** @readonly */
    this.raster = raster;
    /** @readonly */
    this.record = record;
    /** @readonly */
    this.features = features;
    /** @readonly */
    this.confidence = confidence;
    Object.freeze(this);
  }

  /** Every parameter and statistic by name: what a forward pass needs. @returns {Parameters} */
  get numbers() {
    return { ...this.parameters, ...this.statistics };
  }

  /**
   * Recognise a drawing, as quickly as this browser can.
   *
   * @param {Drawing} drawing strokes of any origin, size and place; see `toBitmap`
   * @returns {{bitmap: Uint8Array, probabilities: Float32Array, by: string} & Judged} the picture,
   *   the answer, and what computed it: "WebAssembly" or "JavaScript"
   * @throws {DrawingError} if the strokes are unusable
   */
  recognise(drawing) {
    const bitmap = toBitmap(drawing, this.raster);
    const predictor = this.#quick();
    const logits = predictor.answer(asInput(bitmap));
    const by = predictor.isFast ? "WebAssembly" : "JavaScript";
    return { bitmap, probabilities: softmax(logits), by, ...this.#judge(logits) };
  }

  /**
   * Return what the network says of an input, as quickly as this browser can: the logits.
   *
   * @param {Float32Array} x
   */
  answer(x) {
    return this.#quick().answer(x);
  }

  /**
   * Recognise a drawing layer by layer.
   *
   * @param {Drawing} drawing strokes of any origin, size and place; see `toBitmap`
   * @returns {{bitmap: Uint8Array, outputs: Float32Array[], saved: any[],
   *   probabilities: Float32Array} & Judged} the picture, the pass (see `forward`), and its answer
   * @throws {DrawingError} if the strokes are unusable
   */
  see(drawing) {
    const bitmap = toBitmap(drawing, this.raster);
    const pass = forward(this.network, this.numbers, asInput(bitmap));
    const logits = pass.outputs[pass.outputs.length - 1];
    return { bitmap, ...pass, probabilities: softmax(logits), ...this.#judge(logits) };
  }

  /**
   * Return what the last layer, a dense one, is given for a drawing.
   *
   * @param {Drawing} drawing
   * @returns {Float32Array}
   * @throws {DrawingError} if the strokes are unusable
   */
  featuresOf(drawing) {
    return this.#quick().featuresOf(asInput(toBitmap(drawing, this.raster)));
  }

  /**
   * @param {Float32Array} logits
   * @returns {Judged}
   */
  #judge(logits) {
    const confidence = this.confidence ?? new Confidence();
    return {
      familiarity: confidence.familiarity(logits),
      isRejected: confidence.rejects && confidence.isRejected(logits),
    };
  }

  #quick() {
    this.#predictor ??= new Predictor(this.network, this.numbers);
    return this.#predictor;
  }

  /**
   * Return the model as a file that `inkgrad.load` reads.
   *
   * @returns {Uint8Array}
   */
  toBytes() {
    const { network, numbers, classes, raster, record, features, confidence } = this;
    /** @type {Record<string, any>} */
    const description = {
      version: VERSION,
      network: network.toConfig(),
      classes,
      raster: raster.toDict(),
      record,
    };
    if (confidence !== null) description.confidence = confidence.toDict();
    /** @type {Record<string, Tensor>} */
    const tensors = {};
    for (const [name, shape] of Object.entries(neededBy(network))) {
      tensors[name] = { shape, data: numbers[name] };
    }
    if (features !== null) {
      const { inputShape } = network.layers[network.layers.length - 1];
      const shape = [features.examples.length / inputShape[0], inputShape[0]];
      tensors[EXAMPLES] = { shape, data: features.examples };
    }
    return writeSafetensors(tensors, { [KEY]: JSON.stringify(description) });
  }

  /**
   * Read a model file, trusting nothing in it.
   *
   * Its numbers may be 16-bit floats; and unlike in Python its weights may be whole numbers with
   * scales, as in pages of a single file.
   *
   * @param {Uint8Array} bytes
   * @param {string} [where] how an error calls the file
   * @returns {Model}
   * @throws {ModelError} if it is damaged, not a model of inkgrad's, or its parts do not fit
   */
  static fromBytes(bytes, where = "the file") {
    const { metadata, tensors } = readSafetensors(bytes, where);
    try {
      const { network: config, classes, raster, record, confidence } = describe(metadata);
      const network = Network.fromConfig(config);
      return new Model({
        network,
        features: takeFeatures(tensors, network),
        ...takeNumbers(tensors, network),
        classes,
        raster: readRaster(raster),
        record,
        confidence: confidence == null ? null : Confidence.fromDict(confidence),
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

/**
 * Return the description of the model, its parts present and of the right kind.
 *
 * @param {Record<string, string>} metadata
 */
function describe(metadata) {
  if (!Object.hasOwn(metadata, KEY)) {
    throw new ModelError(`its metadata has no entry '${KEY}': it is not a model of inkgrad's`);
  }
  /** @type {any} */
  let description;
  try {
    description = parseJson(metadata[KEY]);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    throw new ModelError(`its metadata entry '${KEY}' cannot be read: ${message}`);
  }
  if (description?.version !== VERSION) {
    throw new ModelError(`it is not of version ${VERSION}, the one that this inkgrad reads`);
  }
  for (const name of ["network", "classes", "record"]) {
    const value = description[name];
    const isList = name === "classes";
    if (typeof value !== "object" || value === null || Array.isArray(value) !== isList) {
      throw new ModelError(`its description has no ${name}, or of a wrong kind`);
    }
  }
  return description;
}

/**
 * Return the rasteriser's settings, which nobody can guess from the network.
 *
 * @param {any} settings
 */
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

/**
 * Return the other tensors as the network's numbers, after checking every one.
 *
 * @param {Record<string, Tensor>} tensors
 * @param {Network} network
 * @returns {{ parameters: Parameters, statistics: Parameters }}
 */
function takeNumbers(tensors, network) {
  const given = Object.keys(tensors);
  const shapes = neededBy(network);
  const needed = Object.keys(shapes);
  const isMissing = needed.some((name) => !Object.hasOwn(tensors, name));
  if (isMissing || given.length !== needed.length) {
    throw new ModelError(
      `the tensors are ${inAList(given)}, but the network's parameters are ${inAList(needed)}`,
    );
  }
  /** @type {{ parameters: Parameters, statistics: Parameters }} */
  const found = { parameters: {}, statistics: {} };
  for (const name of needed) {
    const isLearnt = Object.hasOwn(network.parameters, name);
    const kind = isLearnt ? found.parameters : found.statistics;
    kind[name] = checked(name, tensors[name], shapes[name]);
  }
  for (const [name, values] of Object.entries(found.statistics)) {
    if (name.endsWith("variance") && values.some((value) => value < 0)) {
      throw new ModelError(`${name} holds a variance below 0`);
    }
  }
  return found;
}

/**
 * Return the shape of every number array that a network needs, by name.
 *
 * @param {Network} network
 */
function neededBy(network) {
  return { ...network.parameters, ...network.statistics };
}

/**
 * Return a tensor's numbers if its shape is the one needed and they are finite.
 *
 * @param {string} name
 * @param {Tensor} tensor
 * @param {number[]} needed
 */
function checked(name, { shape, data }, needed) {
  if (String(shape) !== String(needed)) {
    throw new ModelError(
      `${name} is float32 of shape ${inParentheses(shape)}; ` +
        `it must be float32 or float16 of shape ${inParentheses(needed)}`,
    );
  }
  if (!data.every(Number.isFinite)) {
    throw new ModelError(`${name} holds numbers that are not finite`);
  }
  return data;
}
