/**
 * Where a number comes from: the arithmetic of any cell of a network, with the real numbers.
 *
 * The layers of `inkgrad/layers/` and their letters: x goes in, y comes out, w and β are learnt,
 * dL/dy comes back and dL/dx goes further back. Every function returns plain values in which
 * `value` is the sum of what is listed, in doubles, and `sources` are the cells that it came from.
 * Long sums list the terms that matter most in `parts` and add up the remaining ones in `others`.
 *
 * @module
 */

/**
 * One layer at its place in a network.
 *
 * @typedef {object} Layer
 * @property {string} name "conv1"
 * @property {"Conv2D" | "Dense" | "Flatten" | "MaxPool2D" | "ReLU"} type
 * @property {number[]} inputShape
 * @property {number[]} outputShape
 * @property {{size?: number[], stride?: number[], padding?: number[]}} settings
 */

/**
 * A network's numbers for one drawing; the last three are there after a backward pass.
 *
 * @typedef {object} Scene
 * @property {Layer[]} layers
 * @property {Record<string, Float32Array>} parameters "conv1.weight" → numbers
 * @property {Float32Array[]} outputs the input, then each layer's output
 * @property {ArrayLike<number>} probabilities
 * @property {number} [label] the right answer
 * @property {Float32Array[]} [derivatives] dL/d`outputs`
 * @property {Record<string, Float32Array>} [gradients] dL/d`parameters`
 */

/**
 * Cells that a number came from: rectangles in one of the scene's arrays. `cell` is the index of a
 * rectangle's first cell; padding is cut off.
 *
 * @typedef {object} Source
 * @property {"outputs" | "derivatives"} of
 * @property {number} index
 * @property {{cell: number, rows: number, columns: number}[]} boxes
 */

/** How many terms of a long sum are listed. */
export const MOST_TERMS = 5;

/** How many maps of a convolution's sum are listed. */
export const MOST_MAPS = 3;

/**
 * Explain one cell of a layer's output.
 *
 * @param {Scene} scene
 * @param {number} index the layer's place, from 0
 * @param {number} cell where in the layer's output, counted in one row
 * @returns {object} with `kind`, the layer's type; see the functions below for the rest
 *
 * @example
 * explainOutput(scene, 1, 0); // {kind: "ReLU", x: -0.5, value: 0, passes: false, …}
 */
export function explainOutput(scene, index, cell) {
  const layer = scene.layers[index];
  const explained = FORWARD[layer.type](layer, scene, index, cell);
  return { kind: layer.type, stored: scene.outputs[index + 1][cell], ...explained };
}

/**
 * Explain a class's probability: p_k = e^(z_k) / Σ e^(z_l).
 *
 * `shift` is taken off every logit first where e^z would be too large for a double; it changes no
 * probability.
 *
 * @param {Scene} scene
 * @param {number} k the class
 */
export function explainProbability(scene, k) {
  const logits = Array.from(scene.outputs[scene.layers.length]);
  const largest = Math.max(...logits);
  const shift = Math.abs(largest) > 80 ? largest : 0;
  const powers = logits.map((z) => Math.exp(z - shift));
  const total = sum(powers);
  return {
    kind: "softmax",
    logit: logits[k],
    power: powers[k],
    powers,
    total,
    shift,
    value: powers[k] / total,
    stored: scene.probabilities[k],
    sources: [source("outputs", scene.layers.length, logits.map((_, l) => box(l)))],
  };
}

/**
 * Explain a logit's derivative: dL/dz_k = p_k − t_k.
 *
 * @param {Scene} scene after a backward pass
 * @param {number} k the class
 */
export function explainLogit(scene, k) {
  const target = k === scene.label ? 1 : 0;
  const probability = scene.probabilities[k];
  return {
    kind: "softmax.dx",
    probability,
    target,
    value: probability - target,
    stored: scene.derivatives[scene.layers.length][k],
    sources: [],
  };
}

/**
 * Explain the derivative of one cell of what goes into a layer.
 *
 * @param {Scene} scene after a backward pass
 * @param {number} index the layer's place, from 0
 * @param {number} cell where in the layer's input
 * @returns {object} with `kind` such as "ReLU.dx"
 */
export function explainDerivative(scene, index, cell) {
  const layer = scene.layers[index];
  const explained = BACKWARD[layer.type](layer, scene, index, cell);
  return { kind: `${layer.type}.dx`, stored: scene.derivatives[index][cell], ...explained };
}

/**
 * Explain the gradient of one weight or bias.
 *
 * @param {Scene} scene after a backward pass
 * @param {string} name "conv1.weight"
 * @param {number} cell where in that parameter
 * @returns {object} with `kind` such as "Dense.weight"
 */
export function explainGradient(scene, name, cell) {
  const [stage, parameter] = name.split(".");
  const index = scene.layers.findIndex((layer) => layer.name === stage);
  const layer = scene.layers[index];
  const kind = `${layer.type}.${parameter}`;
  const explained = GRADIENTS[kind](layer, scene, index, cell);
  return { kind, weight: scene.parameters[name][cell], stored: scene.gradients[name][cell], ...explained };
}

/**
 * Return a layer's settings, each as [rows, columns].
 *
 * @param {Layer} layer a convolution or a pool
 * @returns {{size: number[], stride: number[], padding: number[]}}
 */
export function geometry(layer) {
  const { size, stride, padding } = layer.settings;
  const usual = layer.type === "MaxPool2D" ? size : 1;
  return { size: pair(size), stride: pair(stride ?? usual), padding: pair(padding ?? 0) };
}

/**
 * Return the place of a cell that is counted in one row.
 *
 * @param {number[]} shape
 * @param {number} cell
 * @returns {number[]} one index an axis
 *
 * @example
 * placeOf([32, 28, 28], 785); // [1, 0, 1]
 */
export function placeOf(shape, cell) {
  const place = [];
  for (const length of [...shape].reverse()) {
    place.unshift(cell % length);
    cell = Math.floor(cell / length);
  }
  return place;
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
  if (layer.type === "ReLU") return Uint8Array.from(x, (value) => (value > 0 ? 0 : 1));
  if (layer.type !== "MaxPool2D") return null;
  const stops = new Uint8Array(x.length).fill(1);
  const windows = layer.outputShape.reduce((product, length) => product * length, 1);
  for (let cell = 0; cell < windows; cell++) stops[winnerOf(layer, x, cell).winner] = 0;
  return stops;
}

const FORWARD = {
  Conv2D: convolution,
  ReLU: rectifier,
  MaxPool2D: pool,
  Flatten: flatten,
  Dense: dense,
};
const BACKWARD = {
  Conv2D: convolutionBack,
  ReLU: rectifierBack,
  MaxPool2D: poolBack,
  Flatten: flattenBack,
  Dense: denseBack,
};
const GRADIENTS = {
  "Conv2D.weight": convolutionWeight,
  "Conv2D.bias": convolutionBias,
  "Dense.weight": denseWeight,
  "Dense.bias": denseBias,
};

/** y_{k,u,v} = Σ w_{k,c,i,j} x̄_{c,su+i,sv+j} + β_k: per input map the patch, the filter, their sum. */
function convolution(layer, scene, index, cell) {
  const { size, stride, padding } = geometry(layer);
  const [k, u, v] = placeOf(layer.outputShape, cell);
  const [channels, height, width] = layer.inputShape;
  const x = scene.outputs[index];
  const weights = scene.parameters[`${layer.name}.weight`];
  const top = stride[0] * u - padding[0];
  const left = stride[1] * v - padding[1];
  const maps = [];
  for (let c = 0; c < channels; c++) {
    const map = { map: c, left: [], right: [], isPadding: [], sum: 0 };
    for (let i = 0; i < size[0]; i++) {
      for (let j = 0; j < size[1]; j++) {
        const [r, t] = [top + i, left + j];
        const isInside = 0 <= r && r < height && 0 <= t && t < width;
        const number = isInside ? x[(c * height + r) * width + t] : 0;
        const weight = weights[((k * channels + c) * size[0] + i) * size[1] + j];
        map.left.push(number);
        map.right.push(weight);
        map.isPadding.push(!isInside);
        map.sum += number * weight;
      }
    }
    maps.push(map);
  }
  const bias = scene.parameters[`${layer.name}.bias`][k];
  const patch = clipped(top, left, size, height, width);
  const boxes = patch ? maps.map(({ map }) => ({ ...patch, cell: patch.cell + map * height * width })) : [];
  return {
    size,
    ...largest(maps, MOST_MAPS),
    bias,
    value: sum(maps.map((map) => map.sum)) + bias,
    sources: [source("outputs", index, boxes)],
  };
}

/** y = max(x, 0). */
function rectifier(layer, scene, index, cell) {
  const x = scene.outputs[index][cell];
  return { x, passes: x > 0, value: Math.max(x, 0), sources: [source("outputs", index, [box(cell)])] };
}

/** y_{c,u,v} = max x_{c,su+i,sv+j}: the candidates and which of them won. */
function pool(layer, scene, index, cell) {
  const { size } = geometry(layer);
  const { candidates, best, first, winner } = winnerOf(layer, scene.outputs[index], cell);
  return {
    size,
    candidates,
    best,
    winner,
    value: candidates[best],
    sources: [source("outputs", index, [{ cell: first, rows: size[0], columns: size[1] }])],
  };
}

/** y_{(cH+r)W+t} = x_{c,r,t}: the same number under another name. */
function flatten(layer, scene, index, cell) {
  const place = placeOf(layer.inputShape, cell);
  return { place, value: scene.outputs[index][cell], sources: [source("outputs", index, [box(cell)])] };
}

/** y_k = Σ x_i w_{i,k} + β_k. */
function dense(layer, scene, index, k) {
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
    sources: [source("outputs", index, parts.map((part) => box(part.at)))],
  };
}

/** dL/dx_{c,r,t} = Σ w_{k,c,i,j} dL/dy_{k,u,v} over the places whose patch holds (c, r, t). */
function convolutionBack(layer, scene, index, cell) {
  const { size, stride, padding } = geometry(layer);
  const [c, r, t] = placeOf(layer.inputShape, cell);
  const [filters, rows, columns] = layer.outputShape;
  const channels = layer.inputShape[0];
  const dy = scene.derivatives[index + 1];
  const weights = scene.parameters[`${layer.name}.weight`];
  const us = Array.from({ length: size[0] }, (_, i) => (r + padding[0] - i) / stride[0]);
  const vs = Array.from({ length: size[1] }, (_, j) => (t + padding[1] - j) / stride[1]);
  const maps = [];
  for (let k = 0; k < filters; k++) {
    const map = { map: k, left: [], right: [], isPadding: [], sum: 0 };
    us.forEach((u, i) => {
      vs.forEach((v, j) => {
        const isPlace = isIndex(u, rows) && isIndex(v, columns);
        const derivative = isPlace ? dy[(k * rows + u) * columns + v] : 0;
        const weight = weights[((k * channels + c) * size[0] + i) * size[1] + j];
        map.left.push(derivative);
        map.right.push(weight);
        map.isPadding.push(!isPlace);
        map.sum += derivative * weight;
      });
    });
    maps.push(map);
  }
  const [u, v] = [us.filter((n) => isIndex(n, rows)), vs.filter((n) => isIndex(n, columns))];
  const first = Math.min(...u) * columns + Math.min(...v);
  const boxes = u.length * v.length === 0 ? [] : maps.map(({ map }) => ({
    cell: map * rows * columns + first, rows: u.length, columns: v.length,
  }));
  return {
    size,
    ...largest(maps, MOST_MAPS),
    value: sum(maps.map((map) => map.sum)),
    sources: [source("derivatives", index + 1, boxes)],
  };
}

/** dL/dx = dL/dy · [x > 0]. */
function rectifierBack(layer, scene, index, cell) {
  const x = scene.outputs[index][cell];
  const derivative = scene.derivatives[index + 1][cell];
  return {
    x,
    derivative,
    passes: x > 0,
    value: x > 0 ? derivative : 0,
    sources: [source("derivatives", index + 1, [box(cell)])],
  };
}

/** dL/dx_{c,r,t} = Σ dL/dy_{c,u,v} over the windows that (r, t) won. */
function poolBack(layer, scene, index, cell) {
  const { size, stride } = geometry(layer);
  const [c, r, t] = placeOf(layer.inputShape, cell);
  const [, rows, columns] = layer.outputShape;
  const dy = scene.derivatives[index + 1];
  const windows = [];
  for (const u of reaching(r, size[0], stride[0], rows)) {
    for (const v of reaching(t, size[1], stride[1], columns)) {
      const at = (c * rows + u) * columns + v;
      const { winner, candidates, best } = winnerOf(layer, scene.outputs[index], at);
      windows.push({ at, u, v, isWon: winner === cell, winner, candidates, best, derivative: dy[at] });
    }
  }
  const won = windows.filter((window) => window.isWon);
  return {
    size,
    x: scene.outputs[index][cell],
    windows,
    passes: won.length > 0,
    value: sum(won.map((window) => window.derivative)),
    sources: [source("derivatives", index + 1, windows.map((window) => box(window.at)))],
  };
}

/** dL/dx_{c,r,t} = dL/dy_{(cH+r)W+t}. */
function flattenBack(layer, scene, index, cell) {
  return {
    place: placeOf(layer.inputShape, cell),
    at: cell,
    value: scene.derivatives[index + 1][cell],
    sources: [source("derivatives", index + 1, [box(cell)])],
  };
}

/** dL/dx_i = Σ dL/dy_k w_{i,k}. */
function denseBack(layer, scene, index, i) {
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
    sources: [source("derivatives", index + 1, parts.map((part) => box(part.at)))],
  };
}

/** dL/dw_{k,c,i,j} = Σ dL/dy_{k,u,v} x̄_{c,su+i,sv+j} over all places (u, v). */
function convolutionWeight(layer, scene, index, cell) {
  const { size, stride, padding } = geometry(layer);
  const [channels, height, width] = layer.inputShape;
  const [filters, rows, columns] = layer.outputShape;
  const [k, c, i, j] = placeOf([filters, channels, ...size], cell);
  const x = scene.outputs[index];
  const dy = scene.derivatives[index + 1];
  const terms = [];
  for (let u = 0; u < rows; u++) {
    for (let v = 0; v < columns; v++) {
      const [r, t] = [stride[0] * u + i - padding[0], stride[1] * v + j - padding[1]];
      const isInside = isIndex(r, height) && isIndex(t, width);
      const from = isInside ? (c * height + r) * width + t : null; // null: the padding's zero
      const at = (k * rows + u) * columns + v;
      const [left, right] = [dy[at], isInside ? x[from] : 0];
      terms.push({ at, from, u, v, left, right, sum: left * right });
    }
  }
  const { parts, others } = largest(terms, MOST_TERMS);
  const inputs = parts.filter((part) => part.from !== null).map((part) => box(part.from));
  return {
    place: [k, c, i, j],
    parts,
    others,
    value: sum(terms.map((term) => term.sum)),
    sources: [
      source("derivatives", index + 1, parts.map((part) => box(part.at))),
      source("outputs", index, inputs),
    ],
  };
}

/** dL/dβ_k = Σ dL/dy_{k,u,v} over all places (u, v). */
function convolutionBias(layer, scene, index, k) {
  const [, rows, columns] = layer.outputShape;
  const dy = scene.derivatives[index + 1];
  const terms = [];
  for (let u = 0; u < rows; u++) {
    for (let v = 0; v < columns; v++) {
      const at = (k * rows + u) * columns + v;
      terms.push({ at, u, v, left: dy[at], sum: dy[at] });
    }
  }
  const { parts, others } = largest(terms, MOST_TERMS);
  return {
    place: [k],
    parts,
    others,
    value: sum(terms.map((term) => term.sum)),
    sources: [source("derivatives", index + 1, [{ cell: k * rows * columns, rows, columns }])],
  };
}

/** dL/dw_{i,k} = x_i dL/dy_k. */
function denseWeight(layer, scene, index, cell) {
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

/** dL/dβ_k = dL/dy_k. */
function denseBias(layer, scene, index, k) {
  const value = scene.derivatives[index + 1][k];
  return { place: [k], derivative: value, value, sources: [source("derivatives", index + 1, [box(k)])] };
}

/** Return a pool's candidates for one window and the first of the largest, as `MaxPool2D` does. */
function winnerOf(layer, x, cell) {
  const { size, stride } = geometry(layer);
  const [, height, width] = layer.inputShape;
  const [c, u, v] = placeOf(layer.outputShape, cell);
  const first = (c * height + stride[0] * u) * width + stride[1] * v;
  const candidates = [];
  let [best, winner] = [0, first];
  for (let i = 0; i < size[0]; i++) {
    for (let j = 0; j < size[1]; j++) {
      const at = first + i * width + j;
      candidates.push(x[at]);
      if (x[at] > x[winner]) [best, winner] = [candidates.length - 1, at];
    }
  }
  return { candidates, best, first, winner };
}

/** Return the windows on one axis that reach a cell. */
function reaching(at, size, stride, windows) {
  const first = Math.max(0, Math.ceil((at - size + 1) / stride));
  const last = Math.min(windows - 1, Math.floor(at / stride));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n);
}

/** Return the part of a patch that lies on the picture, or null. */
function clipped(top, left, size, height, width) {
  const [r, t] = [Math.max(top, 0), Math.max(left, 0)];
  const rows = Math.min(top + size[0], height) - r;
  const columns = Math.min(left + size[1], width) - t;
  return rows > 0 && columns > 0 ? { cell: r * width + t, rows, columns } : null;
}

/** Return the terms that matter most, the largest first, and the sum of the others. */
function largest(terms, most) {
  const sorted = [...terms].sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum));
  const others = sorted.slice(most);
  return {
    parts: sorted.slice(0, most),
    others: { count: others.length, sum: sum(others.map((term) => term.sum)) },
  };
}

function pair(value) {
  return typeof value === "number" ? [value, value] : [...value];
}

function isIndex(value, length) {
  return Number.isInteger(value) && 0 <= value && value < length;
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

function box(cell) {
  return { cell, rows: 1, columns: 1 };
}

function source(of, index, boxes) {
  return { of, index, boxes };
}
