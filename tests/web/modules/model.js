/** What tests need of model files: all that is in one, read and written again. */

import { Model } from "../static/network/model.js";
import { readSafetensors, writeSafetensors } from "../static/network/safetensors.js";

/** Read a file of arrays; its tensors as a list, so that any name can be sent. */
export function tensorsOf(bytes) {
  const { metadata, tensors } = readSafetensors(bytes, "a.safetensors");
  return { metadata, tensors: Object.entries(tensors) };
}

/** Write [name, shape, numbers] as a file. */
export function written(tensors, metadata) {
  const entries = tensors.map(([name, shape, data]) => [name, { shape, data }]);
  return writeSafetensors(Object.fromEntries(entries), metadata);
}

/** Read a model file. */
export function read(bytes, where) {
  const model = Model.fromBytes(bytes, where);
  const { network, parameters, statistics, classes, raster, record, features, confidence } = model;
  return {
    network: network.toConfig(),
    parameters,
    statistics,
    classes,
    raster: raster.toDict(),
    record,
    features,
    confidence: confidence?.toDict() ?? null,
  };
}

/** Read a model file that begins in the midst of a buffer, and write it. */
export function rewritten(bytes) {
  const shifted = new Uint8Array(bytes.length + 3).subarray(3);
  shifted.set(bytes);
  return Model.fromBytes(shifted).toBytes();
}

/** Return what the last layer is given for drawings. */
export function features(bytes, drawings) {
  const model = Model.fromBytes(bytes);
  return drawings.map((drawing) => model.featuresOf(drawing));
}

/** Show drawings to a model. */
export function seen(bytes, drawings) {
  const model = Model.fromBytes(bytes);
  return drawings.map((drawing) => {
    const { bitmap, outputs, saved, probabilities } = model.see(drawing);
    return { bitmap, x: outputs[0], passes: [outputs.length, saved.length], probabilities };
  });
}
