/**
 * Convolution: slide small filters over a picture and note how well each fits at each place.
 *
 * The twin of `inkgrad/layers/conv.py`, which derives what is done here: with the patch that each
 * place sees as a column of P, Z = W P + β forward, and dW = G Pᵀ, dβ = row sums of G, dP = Wᵀ G
 * backward.
 *
 * @module
 */

import { ShapeError } from "../errors.js";
import { inParentheses, outputLength, pair, volume, wholeNumber } from "./layer.js";

/** A bank of filters, each a small picture of weights that slides over the input. */
export class Conv2D {
  static shortName = "conv";
  static needed = ["filters", "size"];
  static optional = ["stride", "padding"];

  /** @param {object} settings as in Python; numbers or [rows, columns] */
  constructor({ filters, size, stride = 1, padding = 0 }) {
    this.filters = wholeNumber(filters, "filters");
    this.size = pair(size, "filter size");
    this.stride = pair(stride, "stride");
    this.padding = pair(padding, "padding", 0);
  }

  /** Return [K, H', W'] for an input [C, H, W]. */
  outputShape(inputShape) {
    if (inputShape.length !== 3) {
      throw new ShapeError(
        "a convolution needs pictures (channels, rows, columns), but is given " +
          inParentheses(inputShape),
      );
    }
    const [, h, w] = inputShape;
    const [[fh, fw], [sh, sw], [ph, pw]] = [this.size, this.stride, this.padding];
    if (h + 2 * ph < fh || w + 2 * pw < fw) {
      throw new ShapeError(
        `a ${fh}×${fw} filter needs at least ${fh}×${fw} cells, but the picture has ${h}×${w} ` +
          `with padding ${ph}, ${pw}; take a smaller filter or more padding`,
      );
    }
    return [this.filters, outputLength(h, fh, sh, ph), outputLength(w, fw, sw, pw)];
  }

  /** Return the shapes of the weight, [K, C, f, f], and of the bias, [K]. */
  parameterShapes([channels]) {
    return { weight: [this.filters, channels, ...this.size], bias: [this.filters] };
  }

  /** Return K·C·f²·H'·W'. */
  multiplyAdds(inputShape) {
    return volume(this.outputShape(inputShape)) * inputShape[0] * volume(this.size);
  }

  /** Return y [K, H', W'] for x [C, H, W]: Z = W P + β. */
  forward(x, inputShape, { weight, bias }) {
    const places = volume(this.outputShape(inputShape).slice(1));
    const rows = inputShape[0] * volume(this.size);
    const columns = patches(x, inputShape, this); // [C·f·f, H'·W']
    const blank = blankRows(columns, rows, places);
    const y = new x.constructor(this.filters * places);
    const sums = new Float64Array(places);
    for (let k = 0; k < this.filters; k++) {
      sums.fill(bias[k]);
      addRows(sums, columns, weight, k * rows, blank, rows);
      y.set(sums, k * places);
    }
    return { y, saved: { inputShape, columns, weight, blank } };
  }

  /** Return dx [C, H, W] and the gradients dW = G Pᵀ and dβ = row sums of G. */
  backward(dy, { inputShape, columns, weight, blank }) {
    const rows = inputShape[0] * volume(this.size);
    const places = columns.length / rows;
    const dweight = new dy.constructor(weight.length);
    const dbias = new dy.constructor(this.filters);
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
      for (let r = 0; r < rows; r++) {
        const w = weight[k * rows + r];
        const at = r * places;
        sum = 0;
        for (let i = 0; i < count; i++) {
          const q = told[i];
          sum += g[q] * columns[at + q];
          dcolumns[at + q] += w * g[q];
        }
        dweight[k * rows + r] = sum;
      }
    }
    const dx = new dy.constructor(volume(inputShape));
    dx.set(addPatches(dcolumns, inputShape, this));
    return { dx, gradients: { weight: dweight, bias: dbias } };
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

function patchCells(inputShape, conv) {
  return inputShape[0] * volume(conv.size) * volume(conv.outputShape(inputShape).slice(1));
}

/**
 * Call a function for each row of places of each filter cell, without those in the padding.
 *
 * It is told where the numbers stand in `columns` (side by side) and in x (`step` apart), and how
 * many they are.
 */
function forEachCell(inputShape, conv, visit) {
  const [channels, h, w] = inputShape;
  const [[fh, fw], [sh, sw], [ph, pw]] = [conv.size, conv.stride, conv.padding];
  const [, rows, cols] = conv.outputShape(inputShape);
  let column = 0;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < fh; i++) {
      for (let j = 0; j < fw; j++) {
        // Place v sees column s·v + j − p of the picture; those from first to last are inside it.
        const first = Math.max(0, Math.ceil((pw - j) / sw));
        const last = Math.min(cols - 1, Math.floor((w - 1 + pw - j) / sw));
        for (let u = 0; u < rows; u++, column += cols) {
          const row = sh * u + i - ph;
          if (row < 0 || row >= h || first > last) continue;
          const cell = (c * h + row) * w + sw * first + j - pw;
          visit(column + first, cell, last - first + 1, sw);
        }
      }
    }
  }
}

/** Tell which rows of P are zeros alone (blank paper, silent channels): nothing to multiply. */
function blankRows(columns, rows, places) {
  const blank = new Uint8Array(rows);
  for (let r = 0; r < rows; r++) {
    let q = r * places;
    const end = q + places;
    while (q < end && columns[q] === 0) q++;
    blank[r] = q === end ? 1 : 0;
  }
  return blank;
}

/**
 * Add to each place's sum all rows of P, each times its weight.
 *
 * Four rows at a time, so that a sum is fetched and put back once for four products.
 */
function addRows(sums, columns, weight, first, blank, rows) {
  const places = sums.length;
  const ahead = new Int32Array(4);
  let found = 0;
  for (let r = 0; r < rows; r++) {
    if (blank[r] === 0) ahead[found++] = r;
    if (found < 4 && r < rows - 1) continue;
    if (found === 4) {
      const [a, b, c, d] = [ahead[0], ahead[1], ahead[2], ahead[3]];
      addFour(
        sums, columns, places,
        a * places, weight[first + a],
        b * places, weight[first + b],
        c * places, weight[first + c],
        d * places, weight[first + d],
      );
    } else {
      for (let n = 0; n < found; n++) {
        const at = ahead[n] * places;
        const w = weight[first + ahead[n]];
        for (let q = 0; q < places; q++) sums[q] += w * columns[at + q];
      }
    }
    found = 0;
  }
}

function addFour(sums, p, places, a, wa, b, wb, c, wc, d, wd) {
  for (let q = 0; q < places; q++) {
    sums[q] += wa * p[a + q] + wb * p[b + q] + wc * p[c + q] + wd * p[d + q];
  }
}
