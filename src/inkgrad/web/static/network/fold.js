/**
 * Folding: of a network that only answers, the same function with fewer layers.
 *
 * The twin of `inkgrad/fold.py`, which derives what is done here. In short: when a network answers,
 * batch norm is x ↦ a·x + b for each channel, and a convolution or dense layer before or behind it
 * can take that in; dropout does nothing; and convolutions that are added are one.
 *
 * @module
 */

import { Conv2D } from "../layers/conv.js";
import { BatchNorm } from "../layers/norm.js";
import { Dense } from "../layers/dense.js";
import { Dropout } from "../layers/dropout.js";
import { Flatten } from "../layers/flatten.js";
import { AveragePool2D, GlobalAveragePool } from "../layers/average.js";
import { MaxPool2D } from "../layers/pool.js";
import { Parallel } from "../layers/parallel.js";
import { volume } from "../layers/layer.js";
import { Network } from "./network.js";

/** @typedef {import("../layers/layer.js").Floats} Floats */
/** @typedef {import("../layers/layer.js").Operation} Operation */
/** @typedef {import("../layers/layer.js").Shape} Shape */
/** @typedef {import("../layers/row.js").Stage} Stage */

/**
 * A layer with its own numbers in doubles, or a `Parallel` with the nodes of its branches; `shape`
 * is its input's.
 *
 * @typedef {object} Node
 * @property {Operation} layer
 * @property {Shape} shape
 * @property {Record<string, Float64Array>} numbers
 * @property {Node[][]} branches
 */

/**
 * Return a network that answers as this one does, with what can be folded folded away.
 *
 * A last dense layer is given what it was given before, so that features stay what they were.
 *
 * @param {Network} network
 * @param {Record<string, Float32Array>} numbers parameters and statistics
 * @returns {{ network: Network, numbers: Record<string, Float32Array> }} as they were, where
 *   nothing can be folded
 */
export function fold(network, numbers) {
  const foldable = [BatchNorm, Dropout, Parallel];
  if (!network.layers.some(({ layer }) => foldable.some((kind) => layer instanceof kind))) {
    return { network, numbers };
  }
  const all = nodes(network.layers, numbers);
  const last = all[all.length - 1];
  const row = last.layer instanceof Dense ? [...foldRow(all.slice(0, -1)), last] : foldRow(all);
  if (row.length === 0) return { network, numbers };
  const layers = row.map((node) => node.layer);
  const folded = new Network(layers, network.inputShape);
  const named = Object.entries(namesOf(row, folded.layers));
  return {
    network: folded,
    numbers: Object.fromEntries(named.map(([name, values]) => [name, Float32Array.from(values)])),
  };
}

/**
 * Return stages with their numbers.
 *
 * @param {Stage[]} stages
 * @param {Record<string, Floats>} numbers
 * @returns {Node[]}
 */
function nodes(stages, numbers) {
  return stages.map(({ layer, name, inputShape: shape }) => {
    const own = behind(numbers, name);
    if (layer instanceof Parallel) {
      const branches = layer.rows(shape).map((inner, k) => nodes(inner, behind(own, `${k + 1}`)));
      return { layer, shape, numbers: {}, branches };
    }
    return { layer, shape, numbers: own, branches: [] };
  });
}

/**
 * Return the numbers whose names begin with a name and a dot, by what follows.
 *
 * @param {Record<string, Floats>} numbers
 * @param {string} name
 */
function behind(numbers, name) {
  const found = Object.entries(numbers).filter(([each]) => each.startsWith(`${name}.`));
  return Object.fromEntries(
    found.map(([each, values]) => [each.slice(name.length + 1), Float64Array.from(values)]),
  );
}

/**
 * Return a row's numbers by the names that they have in a network.
 *
 * @param {Node[]} row
 * @param {Stage[]} stages
 * @returns {Record<string, Float64Array>}
 */
function namesOf(row, stages) {
  /** @type {Record<string, Float64Array>} */
  const named = {};
  row.forEach(({ layer, shape, numbers, branches }, i) => {
    const { name } = stages[i];
    const within = layer instanceof Parallel ? layer.rows(shape) : [];
    const inner = within.map((theirs, k) => namesOf(branches[k], theirs));
    for (const [key, values] of Object.entries(numbers)) named[`${name}.${key}`] = values;
    inner.forEach((found, k) => {
      for (const [key, values] of Object.entries(found)) named[`${name}.${k + 1}.${key}`] = values;
    });
  });
  return named;
}

/**
 * Fold a row from the first layer to the last; then what has to look ahead.
 *
 * @param {Node[]} row
 * @returns {Node[]}
 */
function foldRow(row) {
  /** @type {Node[]} */
  let done = [];
  for (const node of row) {
    if (node.layer instanceof Dropout) continue;
    if (node.layer instanceof Parallel) done = [...done, ...foldBranches(node)];
    else if (node.layer instanceof BatchNorm) {
      const { a, b } = scaleAndShift(node);
      done = scaled(done, a, b) ?? [...done, node];
    } else done = [...done, node];
  }
  return lookAhead(done);
}

/**
 * Return a and b of each channel.
 *
 * @param {Node} norm
 */
function scaleAndShift({ layer, numbers: { scale, shift, mean, variance } }) {
  const { epsilon } = /** @type {BatchNorm} */ (layer);
  const a = scale.map((gamma, c) => gamma / Math.sqrt(variance[c] + epsilon));
  return { a, b: shift.map((beta, c) => beta - mean[c] * a[c]) };
}

/**
 * Return a row that gives a·y + b where this one gives y; null if no layer can take it in.
 *
 * @param {Node[]} row
 * @param {Float64Array} a
 * @param {Float64Array} b
 * @returns {Node[] | null}
 */
function scaled(row, a, b) {
  if (row.length === 0) return null;
  const last = row[row.length - 1];
  const before = row.slice(0, -1);
  const { layer, numbers } = last;
  if (layer instanceof Conv2D) {
    const each = numbers.weight.length / a.length; // weights of a filter
    const weight = numbers.weight.map((w, i) => w * a[Math.floor(i / each)]);
    const bias = a.map((factor, k) => (numbers.bias?.[k] ?? 0) * factor + b[k]);
    return [...before, { ...last, layer: withBias(layer), numbers: { weight, bias } }];
  }
  if (layer instanceof Dense) {
    const weight = numbers.weight.map((w, i) => w * a[i % a.length]);
    const bias = numbers.bias.map((c, k) => c * a[k] + b[k]);
    return [...before, { ...last, numbers: { weight, bias } }];
  }
  if (layer instanceof BatchNorm) {
    const scale = numbers.scale.map((gamma, c) => gamma * a[c]);
    const shift = numbers.shift.map((beta, c) => beta * a[c] + b[c]);
    return [...before, { ...last, numbers: { ...numbers, scale, shift } }];
  }
  const isRising = layer instanceof MaxPool2D && a.every((factor) => factor >= 0);
  if (isAverage(layer) || isRising) {
    const taken = scaled(before, a, b);
    return taken && [...taken, last];
  }
  if (layer instanceof Parallel) {
    const branches = scaledBranches(last, layer, a, b);
    return branches && [...before, joined(last, layer, branches)];
  }
  return null;
}

/**
 * Return branches that give a·y + b together, if each can take its part in.
 *
 * @param {Node} node
 * @param {Parallel} layer the node's
 * @param {Float64Array} a
 * @param {Float64Array} b
 * @returns {Node[][] | null}
 */
function scaledBranches({ shape, branches }, { join }, a, b) {
  let first = 0;
  const taken = branches.map((branch, k) => {
    if (join === "add") return scaled(branch, a, k === 0 ? b : new Float64Array(b.length));
    const last = branch[branch.length - 1];
    const [width] = last === undefined ? shape : last.layer.outputShape(last.shape);
    const part = /** @type {const} */ ([first, first + width]);
    first += width;
    return scaled(branch, a.slice(...part), b.slice(...part));
  });
  const all = taken.filter((branch) => branch !== null);
  return all.length === taken.length ? all : null;
}

/**
 * Let the layer behind a norm that is left take it in, if that multiplies, without padding.
 *
 * @param {Node[]} row
 * @returns {Node[]}
 */
function lookAhead(row) {
  const done = [...row];
  for (let i = done.length - 1; i >= 0; i--) {
    if (!(done[i].layer instanceof BatchNorm)) continue;
    let { a, b } = scaleAndShift(done[i]);
    let j = i + 1;
    for (; j < done.length; j++) {
      const { layer, shape } = done[j];
      if (layer instanceof Flatten) {
        const each = volume(shape) / a.length;
        [a, b] = [repeated(a, each), repeated(b, each)];
      } else if (!isAverage(layer)) break;
    }
    const taken = j < done.length ? fed(done[j], a, b) : null;
    if (taken === null) continue;
    done[j] = taken;
    done.splice(i, 1);
  }
  return done;
}

/**
 * Return a layer that does with x what this one does with a·x + b, or null.
 *
 * @param {Node} node
 * @param {Float64Array} a
 * @param {Float64Array} b
 * @returns {Node | null}
 */
function fed(node, a, b) {
  const { layer, numbers } = node;
  if (layer instanceof Dense) {
    const weight = numbers.weight.map((w, i) => w * a[Math.floor(i / layer.outputs)]);
    const bias = numbers.bias.slice();
    numbers.weight.forEach((w, i) => {
      bias[i % layer.outputs] += b[Math.floor(i / layer.outputs)] * w;
    });
    return { ...node, numbers: { weight, bias } };
  }
  if (!(layer instanceof Conv2D) || layer.sides.flat().some((side) => side > 0)) return null;
  const each = node.shape[0] / layer.groups; // channels of a group
  const area = volume(layer.size);
  const filterOf = (/** @type {number} */ i) => Math.floor(i / (each * area));
  // Which channel a weight sees.
  const channelOf = (/** @type {number} */ i) =>
    Math.floor(filterOf(i) / (layer.filters / layer.groups)) * each + (Math.floor(i / area) % each);
  const bias = numbers.bias?.slice() ?? new Float64Array(layer.filters);
  numbers.weight.forEach((w, i) => {
    bias[filterOf(i)] += w * b[channelOf(i)];
  });
  const weight = numbers.weight.map((w, i) => w * a[channelOf(i)]);
  return { ...node, layer: withBias(layer), numbers: { weight, bias } };
}

/**
 * Return what is left of branches when each is folded.
 *
 * @param {Node} node
 * @returns {Node[]}
 */
function foldBranches(node) {
  const layer = /** @type {Parallel} */ (node.layer);
  const branches = node.branches.map(foldRow);
  if (branches.length === 1) return branches[0];
  if (layer.join === "add") {
    const convolutions = branches.map((branch) => asConvolution(branch, node.shape));
    const all = convolutions.filter((each) => each !== null);
    const summed = all.length === branches.length ? sum(all) : null;
    if (summed !== null) return [summed];
  }
  return [joined(node, layer, branches)];
}

/**
 * Return a node of branches.
 *
 * @param {Node} node
 * @param {Parallel} layer
 * @param {Node[][]} branches
 * @returns {Node}
 */
function joined(node, { join }, branches) {
  const layers = branches.map((branch) => branch.map((each) => each.layer));
  return { ...node, layer: new Parallel({ branches: layers, join }), branches };
}

/** A convolution with its own numbers. @typedef {Node & { layer: Conv2D }} Convolution */

/**
 * Return a branch that is one convolution, or an identity of pictures written as one.
 *
 * @param {Node[]} row
 * @param {Shape} shape
 * @returns {Convolution | null}
 */
function asConvolution(row, shape) {
  if (row.length === 0 && shape.length === 3) {
    const [channels] = shape;
    const weight = new Float64Array(channels * channels);
    for (let c = 0; c < channels; c++) weight[c * channels + c] = 1;
    const layer = new Conv2D({ filters: channels, size: 1 });
    return { layer, shape, numbers: { weight, bias: new Float64Array(channels) }, branches: [] };
  }
  if (row.length !== 1 || !(row[0].layer instanceof Conv2D)) return null;
  const { layer } = row[0];
  const isPlain = layer.groups === 1 && layer.dilation.every((step) => step === 1);
  return isPlain ? { ...row[0], layer } : null;
}

/**
 * Return one convolution in place of several that are added, if one can do it.
 *
 * @param {Convolution[]} nodes
 * @returns {Node | null}
 */
function sum(nodes) {
  const [{ layer: first, shape }] = nodes;
  if (nodes.some(({ layer }) => String(layer.stride) !== String(first.stride))) return null;
  const axes = [0, 1].map((axis) => {
    const befores = nodes.map(({ layer }) => layer.sides[axis][0]);
    const before = Math.max(...befores);
    const reach = Math.max(...nodes.map(({ layer }, i) => layer.size[axis] - befores[i]));
    const after = first.sides[axis][0] + first.sides[axis][1] - first.size[axis] + reach;
    // Where each layer's first tap lies in the sum's.
    return { size: before + reach, before, after, offsets: befores.map((own) => before - own) };
  });
  const [rows, columns] = axes;
  const [channels] = shape;
  const weight = new Float64Array(first.filters * channels * rows.size * columns.size);
  const bias = new Float64Array(first.filters);
  nodes.forEach(({ layer, numbers }, n) => {
    const [height, width] = layer.size;
    numbers.weight.forEach((w, i) => {
      const map = Math.floor(i / (height * width)); // filter and channel
      const row = (Math.floor(i / width) % height) + rows.offsets[n];
      weight[(map * rows.size + row) * columns.size + (i % width) + columns.offsets[n]] += w;
    });
    numbers.bias?.forEach((own, k) => {
      bias[k] += own;
    });
  });
  const layer = new Conv2D({
    filters: first.filters,
    size: [rows.size, columns.size],
    stride: first.stride,
    padding: axes.map(({ before, after }) => [before, after]),
  });
  return { layer, shape, numbers: { weight, bias }, branches: [] };
}

/** @param {Operation} layer */
function isAverage(layer) {
  return layer instanceof AveragePool2D || layer instanceof GlobalAveragePool;
}

/** @param {Conv2D} layer */
function withBias(layer) {
  return new Conv2D({ ...layer, bias: true });
}

/**
 * @param {Float64Array} values
 * @param {number} times
 */
function repeated(values, times) {
  return Float64Array.from(
    { length: values.length * times },
    (_, i) => values[Math.floor(i / times)],
  );
}
