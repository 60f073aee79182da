/**
 * Convolution: slide small filters over a picture and note how well each fits at each place.
 *
 * The twin of `inkgrad/layers/conv.py`, which derives what is done here: with the patch that each
 * place sees as a column of P, Z = W P + β forward, and dW = G Pᵀ, dβ = row sums of G, dP = Wᵀ G
 * backward.
 *
 * @module
 */

import { ShapeError, inShort } from "../errors.js";
import {
  MOST_MAPS,
  MOST_TERMS,
  box,
  clipped,
  count,
  isIndex,
  largest,
  placeOf,
  source,
  sum,
} from "./explanation.js";
import { commas, indexed, letter, row, sign, slope, total, under } from "./formula.js";
import {
  bothSides,
  inParentheses,
  outputLength,
  pair,
  volume,
  wholeNumber,
  zerosLike,
} from "./layer.js";

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
const PADDED = ["mover", letter("x"), sign("¯")];
const ROW = [letter("s"), letter("u"), sign("+"), letter("i")];
const COLUMN = [letter("s"), letter("v"), sign("+"), letter("j")];
const SEEN = under(PADDED, letter("c"), sign(","), ...ROW, sign(","), ...COLUMN);
const WEIGHT = indexed("w", "k", "c", "i", "j");
const PLACE = indexed("y", "k", "u", "v");

/** What is computed, and its derivatives. @type {Record<string, Formula>} */
const FORMULAS = {
  y: {
    name: "Convolution",
    tree: row(
      PLACE,
      sign("="),
      total(...commas("c", "i", "j")),
      WEIGHT,
      SEEN,
      sign("+"),
      indexed("β", "k"),
    ),
    letters:
      "k: this map. u, v: row and column. c: map before. i, j: cell of the filter. s: stride",
  },
  dx: {
    name: "Back through a convolution",
    tree: row(
      slope(indexed("x", "c", "r", "t")),
      sign("="),
      total(...commas("k", "i", "j")),
      WEIGHT,
      slope(PLACE),
    ),
    letters: "u, v: the places where filter cell i, j lay on r, t",
  },
  weight: {
    name: "A filter's weight",
    tree: row(slope(WEIGHT), sign("="), total(...commas("u", "v")), slope(PLACE), SEEN),
    letters: "k: filter. c: map before. i, j: cell of the filter. u, v: every place. s: stride",
  },
  bias: {
    name: "A filter's bias",
    tree: row(slope(indexed("β", "k")), sign("="), total(...commas("u", "v")), slope(PLACE)),
    letters: "k: filter. u, v: every place",
  },
};

/** What the layer does, forward and backward. @type {Words} */
const WORDS = {
  y: (layer) =>
    `${count(layer.outputShape[0], "filter")} of ${sizeOf(layer)} slide over what is above. ` +
    "Each map shows how well its filter fits at each place.",
  back: "back through the convolution",
  dx: () => "Each filter cell collects the gradient times what it saw, over all places.",
  weights: ({
    parameterShapes: {
      weight: [filters, channels],
    },
  }) => {
    const each = `, one column each: ${channels} small pictures, one for every map it looks at`;
    return `Gradients of the ${filters} filters${channels === 1 ? "" : each}`;
  },
};

/** What is said of one number, by what was explained of it. @type {Record<string, Say>} */
const SAYS = {
  y: ({ bias }) =>
    bias === undefined
      ? "Patch times filter, cell by cell, all added up. This layer has no bias β."
      : "Patch times filter, cell by cell, all added up, plus the bias.",
  dx: () => "Each gradient that this cell had a part in, times its weight, all added up.",
  weight: () => "At every place: the gradient there, times the number that this weight saw there.",
  bias: () => "The gradients of all places of this map, added up.",
};

/** A bank of filters, each a small picture of weights that slides over the input. */
export class Conv2D {
  static shortName = "conv";
  static needed = ["filters", "size"];
  static optional = ["stride", "padding", "dilation", "groups", "bias"];
  static formulas = FORMULAS;
  static words = WORDS;
  static says = SAYS;

  /**
   * @param {Record<string, unknown>} settings as in Python; numbers or [rows, columns]
   */
  constructor({ filters, size, stride = 1, padding = 0, dilation = 1, groups = 1, bias = true }) {
    this.filters = wholeNumber(filters, "filters");
    this.size = pair(size, "filter size");
    this.stride = pair(stride, "stride");
    const [[top, bottom], [left, right]] = bothSides(padding, "padding");
    const isEven = top === bottom && left === right;
    /** As in Python: [rows, columns] where both sides are alike, else all four. */
    this.padding = isEven
      ? [top, left]
      : [
          [top, bottom],
          [left, right],
        ];
    this.dilation = pair(dilation, "dilation");
    this.groups = wholeNumber(groups, "groups");
    if (this.filters % this.groups !== 0) {
      throw new ShapeError(
        `${this.filters} filters cannot be split into ${this.groups} groups; ` +
          `give a multiple of ${this.groups}`,
      );
    }
    if (typeof bias !== "boolean") {
      throw new ShapeError(`bias is ${inShort(bias)}; give true or false`);
    }
    this.bias = bias;
  }

  /** Return [[top, bottom], [left, right]]. */
  get sides() {
    return bothSides(this.padding, "padding");
  }

  /** Return how many rows and columns a filter reaches over: d(f − 1) + 1. */
  get reach() {
    return this.size.map((length, axis) => this.dilation[axis] * (length - 1) + 1);
  }

  /**
   * Return [K, H', W'] for an input [C, H, W].
   *
   * @param {Shape} inputShape
   * @returns {Shape}
   */
  outputShape(inputShape) {
    if (inputShape.length !== 3) {
      throw new ShapeError(
        "a convolution needs pictures (channels, rows, columns), but is given " +
          inParentheses(inputShape),
      );
    }
    const [c, h, w] = inputShape;
    if (c % this.groups !== 0) {
      throw new ShapeError(
        `${c} channels cannot be split into ${this.groups} groups; ` +
          "choose a number of groups that divides them",
      );
    }
    const [[fh, fw], [sh, sw]] = [this.reach, this.stride];
    const [[top, bottom], [left, right]] = this.sides;
    if (h + top + bottom < fh || w + left + right < fw) {
      const padding = this.padding.flat().join(", ");
      throw new ShapeError(
        `a ${fh}×${fw} filter needs at least ${fh}×${fw} cells, but the picture has ${h}×${w} ` +
          `with padding ${padding}; take a smaller filter or more padding`,
      );
    }
    const rows = outputLength(h + top + bottom, fh, sh);
    return [this.filters, rows, outputLength(w + left + right, fw, sw)];
  }

  /**
   * Return the shapes of the weight, [K, C/G, f, f], and of the bias, [K], if there is one.
   *
   * @param {Shape} inputShape
   * @returns {Record<string, Shape>}
   */
  parameterShapes([channels]) {
    const weight = [this.filters, channels / this.groups, ...this.size];
    return this.bias ? { weight, bias: [this.filters] } : { weight };
  }

  /**
   * Return K·(C/G)·f²·H'·W'.
   *
   * @param {Shape} inputShape
   */
  multiplyAdds(inputShape) {
    return volume(this.outputShape(inputShape)) * (inputShape[0] / this.groups) * volume(this.size);
  }

  /**
   * Return y [K, H', W'] for x [C, H, W]: Z = W P + β.
   *
   * @template {Floats} T
   * @param {T} x
   * @param {Shape} inputShape
   * @param {Record<string, Floats>} parameters
   * @returns {{ y: T, saved: { inputShape: Shape, columns: Float64Array, weight: Floats } }}
   */
  forward(x, inputShape, { weight, bias }) {
    const places = volume(this.outputShape(inputShape).slice(1));
    const rows = (inputShape[0] / this.groups) * volume(this.size); // of P, that a filter sees
    const columns = patches(x, inputShape, this); // [C·f·f, H'·W']
    const y = zerosLike(x, this.filters * places);
    const sums = [new Float64Array(places), new Float64Array(places)];
    const filters = this.filters / this.groups; // of a group
    for (let group = 0; group < this.groups; group++) {
      const told = rowsWithInk(columns, group * rows, rows, places);
      const weights = [new Float64Array(told.length), new Float64Array(told.length)];
      for (let k = 0; k < filters; k += 2) {
        // Two at a time; of an odd number, the last one twice.
        const both = [k, Math.min(k + 1, filters - 1)].map((filter) => group * filters + filter);
        both.forEach((filter, i) => {
          sums[i].fill(this.bias ? bias[filter] : 0);
          for (let n = 0; n < told.count; n++) {
            weights[i][n] = weight[filter * rows + told[n] - group * rows];
          }
        });
        addRows(sums[0], sums[1], columns, told, weights[0], weights[1]);
        both.forEach((filter, i) => {
          y.set(sums[i], filter * places);
        });
      }
    }
    return { y, saved: { inputShape, columns, weight } };
  }

  /**
   * Return dx [C, H, W] and the gradients dW = G Pᵀ and dβ = row sums of G.
   *
   * @template {Floats} T
   * @param {T} dy
   * @param {{ inputShape: Shape, columns: Float64Array, weight: Floats }} saved
   * @returns {{ dx: T, gradients: Record<string, T> }}
   */
  backward(dy, { inputShape, columns, weight }) {
    const rows = (inputShape[0] / this.groups) * volume(this.size);
    const places = columns.length / (rows * this.groups);
    const filters = this.filters / this.groups;
    const dweight = zerosLike(dy, weight.length);
    const dbias = zerosLike(dy, this.filters);
    const dcolumns = new Float64Array(columns.length);
    const told = new Int32Array(places); // the places that a filter has a gradient at
    for (let k = 0; k < this.filters; k++) {
      const g = dy.subarray(k * places, (k + 1) * places);
      // Behind a ReLU and a pool most places have none, so they are picked out first.
      let count = 0;
      let sum = 0;
      for (let q = 0; q < places; q++) {
        if (g[q] !== 0) told[count++] = q;
        sum += g[q];
      }
      dbias[k] = sum;
      const first = Math.floor(k / filters) * rows;
      for (let r = 0; r < rows; r++) {
        const w = weight[k * rows + r];
        const at = (first + r) * places;
        sum = 0;
        for (let i = 0; i < count; i++) {
          const q = told[i];
          sum += g[q] * columns[at + q];
          dcolumns[at + q] += w * g[q];
        }
        dweight[k * rows + r] = sum;
      }
    }
    const dx = zerosLike(dy, volume(inputShape));
    dx.set(addPatches(dcolumns, inputShape, this));
    return { dx, gradients: this.bias ? { weight: dweight, bias: dbias } : { weight: dweight } };
  }

  /**
   * y_{k,u,v} = Σ w_{k,c,i,j} x̄_{c,su+i,sv+j} + β_k: per input map patch, filter and their sum.
   *
   * @param {Layer} layer
   * @param {Scene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explain(layer, scene, index, cell) {
    const conv = new Conv2D(layer.settings);
    const { size, stride, sides, dilation } = conv;
    const [k, u, v] = placeOf(layer.outputShape, cell);
    const [channels, height, width] = layer.inputShape;
    const x = scene.outputs[index];
    const weights = scene.parameters[`${layer.name}.weight`];
    const top = stride[0] * u - sides[0][0];
    const left = stride[1] * v - sides[1][0];
    const each = channels / conv.groups;
    const first = Math.floor(k / (conv.filters / conv.groups)) * each;
    const maps = [];
    for (let c = 0; c < each; c++) {
      const map = emptyMap(first + c);
      for (let i = 0; i < size[0]; i++) {
        for (let j = 0; j < size[1]; j++) {
          const [r, t] = [top + dilation[0] * i, left + dilation[1] * j];
          const isInside = isIndex(r, height) && isIndex(t, width);
          const at = ((first + c) * height + r) * width + t;
          const number = isInside ? x[at] : 0;
          const weight = weights[((k * each + c) * size[0] + i) * size[1] + j];
          map.left.push(number);
          map.right.push(weight);
          map.isPadding.push(!isInside);
          map.sum += number * weight;
          if (isInside) map.cells.push(at);
        }
      }
      maps.push(map);
    }
    const total = sum(maps.map((map) => map.sum));
    const bias = conv.bias ? scene.parameters[`${layer.name}.bias`][k] : undefined;
    const patch = clipped(top, left, size, height, width);
    const isWhole = Math.max(...dilation) === 1;
    const boxes = maps.flatMap(({ map, cells }) => {
      if (!isWhole) return cells.map(box);
      return patch ? [{ ...patch, cell: patch.cell + map * height * width }] : [];
    });
    return {
      size,
      ...largest(maps.map(withoutCells), MOST_MAPS),
      ...(bias === undefined ? {} : { bias }),
      value: total + (bias ?? 0),
      sources: [source("outputs", index, boxes)],
    };
  }

  /**
   * dL/dx_{c,r,t} = Σ w_{k,c,i,j} dL/dy_{k,u,v} over the places whose patch holds (c, r, t).
   *
   * @param {Layer} layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explainDerivative(layer, scene, index, cell) {
    const conv = new Conv2D(layer.settings);
    const { size, stride, sides, dilation } = conv;
    const [c, ...at] = placeOf(layer.inputShape, cell);
    const [, rows, columns] = layer.outputShape;
    const each = layer.inputShape[0] / conv.groups;
    const filters = conv.filters / conv.groups;
    const group = Math.floor(c / each);
    const dy = scene.derivatives[index + 1];
    const weights = scene.parameters[`${layer.name}.weight`];
    const [us, vs] = [0, 1].map((axis) =>
      Array.from(
        { length: size[axis] },
        (_, i) => (at[axis] + sides[axis][0] - dilation[axis] * i) / stride[axis],
      ),
    );
    const maps = [];
    for (let k = group * filters; k < (group + 1) * filters; k++) {
      const map = emptyMap(k);
      us.forEach((u, i) => {
        vs.forEach((v, j) => {
          const isPlace = isIndex(u, rows) && isIndex(v, columns);
          const place = (k * rows + u) * columns + v;
          const derivative = isPlace ? dy[place] : 0;
          const weight = weights[((k * each + (c % each)) * size[0] + i) * size[1] + j];
          map.left.push(derivative);
          map.right.push(weight);
          map.isPadding.push(!isPlace);
          map.sum += derivative * weight;
          if (isPlace) map.cells.push(place);
        });
      });
      maps.push(map);
    }
    const [u, v] = [us.filter((n) => isIndex(n, rows)), vs.filter((n) => isIndex(n, columns))];
    const first = Math.min(...u) * columns + Math.min(...v);
    const isWhole = Math.max(...dilation) === 1;
    const boxes =
      u.length * v.length === 0
        ? []
        : maps.flatMap(({ map, cells }) =>
            isWhole
              ? [{ cell: map * rows * columns + first, rows: u.length, columns: v.length }]
              : cells.map(box),
          );
    return {
      size,
      ...largest(maps.map(withoutCells), MOST_MAPS),
      value: sum(maps.map((map) => map.sum)),
      sources: [source("derivatives", index + 1, boxes)],
    };
  }

  /**
   * dL/dw_{k,c,i,j} = Σ dL/dy_{k,u,v} x̄_{c,su+i,sv+j} over all places (u, v).
   *
   * @param {Layer} layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explainWeight(layer, scene, index, cell) {
    const conv = new Conv2D(layer.settings);
    const { size, stride, sides, dilation } = conv;
    const [channels, height, width] = layer.inputShape;
    const [filters, rows, columns] = layer.outputShape;
    const each = channels / conv.groups;
    const [k, c, i, j] = placeOf([filters, each, ...size], cell);
    const map = Math.floor(k / (filters / conv.groups)) * each + c; // that the weight sees
    const x = scene.outputs[index];
    const dy = scene.derivatives[index + 1];
    const terms = [];
    for (let u = 0; u < rows; u++) {
      for (let v = 0; v < columns; v++) {
        const r = stride[0] * u + dilation[0] * i - sides[0][0];
        const t = stride[1] * v + dilation[1] * j - sides[1][0];
        const isInside = isIndex(r, height) && isIndex(t, width);
        const from = isInside ? (map * height + r) * width + t : -1; // −1: the padding's zero
        const at = (k * rows + u) * columns + v;
        const [left, right] = [dy[at], isInside ? x[from] : 0];
        terms.push({ at, from, u, v, left, right, sum: left * right });
      }
    }
    const { parts, others } = largest(terms, MOST_TERMS);
    const inputs = parts.filter((part) => part.from >= 0).map((part) => box(part.from));
    return {
      place: [k, c, i, j],
      parts,
      others,
      value: sum(terms.map((term) => term.sum)),
      sources: [
        source(
          "derivatives",
          index + 1,
          parts.map((part) => box(part.at)),
        ),
        source("outputs", index, inputs),
      ],
    };
  }

  /**
   * dL/dβ_k = Σ dL/dy_{k,u,v} over all places (u, v).
   *
   * @param {Layer} layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} k
   * @returns {Explained}
   */
  static explainBias(layer, scene, index, k) {
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

  /**
   * Explain the gradient of one weight or bias; see `explainGradient`.
   *
   * @param {string} parameter
   * @param {Layer} layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explainGradient(parameter, layer, scene, index, cell) {
    const explain = parameter === "weight" ? Conv2D.explainWeight : Conv2D.explainBias;
    return explain(layer, scene, index, cell);
  }
}

/**
 * Write the patch that each place sees as one column: [C, H, W] → [C·f·f, H'·W'].
 *
 * Rows are ordered (channel, filter row, filter column).
 *
 * @param {Float32Array | Float64Array} x
 * @param {number[]} inputShape
 * @param {Conv2D} conv
 * @returns {Float64Array}
 *
 * @example
 * patches(Float32Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3], new Conv2D({ filters: 1, size: 2 }));
 * // Float64Array [1, 2, 2, 3, 4, 5, 5, 6], which are the rows 1 2, 2 3, 4 5, 5 6
 */
export function patches(x, inputShape, conv) {
  const columns = new Float64Array(patchCells(inputShape, conv));
  forEachCell(inputShape, conv, (column, cell, count, step) => {
    for (let v = 0; v < count; v++) columns[column + v] = x[cell + v * step];
  });
  return columns;
}

/**
 * Add every column's numbers back where its patch was taken: the transpose of `patches`.
 *
 * @param {Float64Array} columns [C·f·f, H'·W']
 * @param {number[]} inputShape [C, H, W]
 * @param {Conv2D} conv
 * @returns {Float64Array} [C, H, W]
 */
export function addPatches(columns, inputShape, conv) {
  const dx = new Float64Array(volume(inputShape));
  forEachCell(inputShape, conv, (column, cell, count, step) => {
    for (let v = 0; v < count; v++) dx[cell + v * step] += columns[column + v];
  });
  return dx;
}

/**
 * @param {Shape} inputShape
 * @param {Conv2D} conv
 */
function patchCells(inputShape, conv) {
  return inputShape[0] * volume(conv.size) * volume(conv.outputShape(inputShape).slice(1));
}

/**
 * Call a function for each row of places of each filter cell, without those in the padding.
 *
 * It is told where the numbers stand in `columns` (side by side) and in x (`step` apart), and how
 * many they are.
 *
 * @param {Shape} inputShape
 * @param {Conv2D} conv
 * @param {(column: number, cell: number, count: number, step: number) => void} visit
 */
function forEachCell(inputShape, conv, visit) {
  const [channels, h, w] = inputShape;
  const [[fh, fw], [sh, sw], [dh, dw]] = [conv.size, conv.stride, conv.dilation];
  const [[top], [left]] = conv.sides;
  const [, rows, cols] = conv.outputShape(inputShape);
  let column = 0;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < fh; i++) {
      for (let j = 0; j < fw; j++) {
        // Place v sees column s·v + d·j − p of the picture; those from first to last are inside it.
        const shift = dw * j - left;
        const first = Math.max(0, Math.ceil(-shift / sw));
        const last = Math.min(cols - 1, Math.floor((w - 1 - shift) / sw));
        for (let u = 0; u < rows; u++, column += cols) {
          const row = sh * u + dh * i - top;
          if (row < 0 || row >= h || first > last) continue;
          const cell = (c * h + row) * w + sw * first + shift;
          visit(column + first, cell, last - first + 1, sw);
        }
      }
    }
  }
}

/**
 * Return which rows of P are not zeros alone (blank paper, silent channels), in fours.
 *
 * The last four may be filled up with row 0; `count` tells how many are meant.
 *
 * @param {Float64Array} columns
 * @param {number} begin the first row that is looked at
 * @param {number} rows how many are
 * @param {number} places
 */
function rowsWithInk(columns, begin, rows, places) {
  const found = [];
  for (let r = begin; r < begin + rows; r++) {
    let q = r * places;
    const end = q + places;
    while (q < end && columns[q] === 0) q++;
    if (q < end) found.push(r);
  }
  const told = new Int32Array(4 * Math.ceil(found.length / 4));
  told.set(found);
  return Object.assign(told, { count: found.length });
}

/**
 * Add to each place's sums, of two filters, the rows of P that are told, times the filters'
 * weights.
 *
 * Four rows and two filters at a time: a sum is fetched and put back once for four products, and a
 * number of P fetched once for two. One by one this takes twice as long.
 *
 * @param {Float64Array} sumsA
 * @param {Float64Array} sumsB
 * @param {Float64Array} columns
 * @param {Int32Array} told
 * @param {Float64Array} a
 * @param {Float64Array} b
 */
function addRows(sumsA, sumsB, columns, told, a, b) {
  const places = sumsA.length;
  for (let n = 0; n < told.length; n += 4) {
    const first = told[n] * places;
    const second = told[n + 1] * places;
    const third = told[n + 2] * places;
    const fourth = told[n + 3] * places;
    const a0 = a[n];
    const a1 = a[n + 1];
    const a2 = a[n + 2];
    const a3 = a[n + 3];
    const b0 = b[n];
    const b1 = b[n + 1];
    const b2 = b[n + 2];
    const b3 = b[n + 3];
    for (let q = 0; q < places; q++) {
      const p0 = columns[first + q];
      const p1 = columns[second + q];
      const p2 = columns[third + q];
      const p3 = columns[fourth + q];
      sumsA[q] += a0 * p0 + a1 * p1 + a2 * p2 + a3 * p3;
      sumsB[q] += b0 * p0 + b1 * p1 + b2 * p2 + b3 * p3;
    }
  }
}

/**
 * Return an input map's share of a number, with nothing in it yet: numbers, the weights that they
 * are multiplied with, and which of the numbers are the padding's zeros.
 *
 * @param {number} map
 */
function emptyMap(map) {
  return {
    map,
    left: /** @type {number[]} */ ([]),
    right: /** @type {number[]} */ ([]),
    isPadding: /** @type {boolean[]} */ ([]),
    cells: /** @type {number[]} */ ([]), // where the numbers stand that are no padding
    sum: 0,
  };
}

/** @param {ReturnType<typeof emptyMap>} map */
function withoutCells({ cells, ...rest }) {
  return rest;
}

/** @param {Layer} layer */
function sizeOf(layer) {
  return new Conv2D(layer.settings).size.join("×");
}
