/**
 * Where a number comes from: the arithmetic of any cell of a network, with the real numbers.
 *
 * Each layer explains its own numbers; here the layer is found that has to. What is returned,
 * `layers/explanation.js` describes.
 *
 * @module
 */

import { LAYERS } from "../layers/index.js";
import { ownerOf as ownerInBranch } from "../layers/parallel.js";
import { layerFromConfig } from "./network.js";

/** @typedef {import("../layers/explanation.js").Layer} Layer */
/** @typedef {import("../layers/explanation.js").Scene} Scene */
/** @typedef {import("../layers/explanation.js").LearnedScene} LearnedScene */
/** @typedef {import("../layers/explanation.js").Explained} Explained */

/**
 * Explain one cell of a layer's output.
 *
 * @param {Scene} scene
 * @param {number} index the layer's place, from 0
 * @param {number} cell where in the layer's output, counted in one row
 * @returns {Explained} with `kind`, the layer's type; see the layer's file for the rest
 *
 * @example
 * explainOutput(scene, 1, 0); // {kind: "ReLU", x: -0.5, value: 0, passes: false, …}
 */
export function explainOutput(scene, index, cell) {
  const layer = scene.layers[index];
  const explained = LAYERS[layer.type].explain(layer, scene, index, cell, layerFromConfig);
  return { kind: layer.type, stored: scene.outputs[index + 1][cell], ...explained };
}

/**
 * Explain the derivative of one cell of what goes into a layer.
 *
 * @param {LearnedScene} scene
 * @param {number} index the layer's place, from 0
 * @param {number} cell where in the layer's input
 * @returns {Explained} with `kind` such as "ReLU.dx"
 */
export function explainDerivative(scene, index, cell) {
  const layer = scene.layers[index];
  const explained = LAYERS[layer.type].explainDerivative(
    layer,
    scene,
    index,
    cell,
    layerFromConfig,
  );
  return { kind: `${layer.type}.dx`, stored: scene.derivatives[index][cell], ...explained };
}

/**
 * Explain the gradient of one weight or bias.
 *
 * @param {LearnedScene} scene
 * @param {string} name "conv1.weight", "parallel1.2.conv1.weight"
 * @param {number} cell where in that parameter
 * @returns {Explained} with `kind` such as "Dense.weight"
 */
export function explainGradient(scene, name, cell) {
  const [stage, ...rest] = name.split(".");
  const parameter = rest.join(".");
  const index = scene.layers.findIndex((layer) => layer.name === stage);
  const layer = scene.layers[index];
  const explained = LAYERS[layer.type].explainGradient?.(
    parameter,
    layer,
    scene,
    index,
    cell,
    layerFromConfig,
  );
  return {
    kind: `${layer.type}.${parameter}`,
    weight: scene.parameters[name][cell],
    stored: scene.gradients[name][cell],
    .../** @type {Explained} */ (explained), // kinds that have weights explain them
  };
}

/**
 * Find the layer that a parameter belongs to: the layer itself, or one in its branches.
 *
 * @param {Layer} layer
 * @param {string} parameter "weight", "2.conv1.weight"
 * @returns {{ layer: Layer, short: string }} and what the parameter is called there: "weight"
 */
export function ownerOf(layer, parameter) {
  if (layer.type !== "Parallel") return { layer, short: parameter };
  const { stage, short } = ownerInBranch(layer, parameter, layerFromConfig);
  return ownerOf(stage, short);
}

/**
 * Tell which cells of a layer's input its gradient cannot reach: ReLU stops those that were not
 * positive, a pool those that won no window.
 *
 * @param {Layer} layer
 * @param {Float32Array} x the layer's input
 * @returns {Uint8Array | null} 1 where nothing passes; null for layers that let everything pass
 */
export function blocked(layer, x) {
  return LAYERS[layer.type].blocked?.(layer, x) ?? null;
}
