/**
 * Max-pooling: keep the strongest answer of each window, and forget where exactly it was.
 *
 * The twin of `inkgrad/layers/pool.py`.
 *
 * @module
 */

import { ShapeError } from "../errors.js";
import { box, clipped, placeOf, source, sum } from "./explanation.js";
import { commas, indexed, letter, row, sign, slope, total, under } from "./formula.js";
import { inParentheses, outputLength, pair, volume, zerosLike } from "./layer.js";

/** @typedef {import("./explanation.js").Layer} Layer */
/** @typedef {import("./explanation.js").Scene} Scene */
/** @typedef {import("./explanation.js").LearnedScene} LearnedScene */
/** @typedef {import("./explanation.js").Explained} Explained */
/** @typedef {import("./formula.js").Formula} Formula */
/** @typedef {import("./layer.js").Floats} Floats */
/** @typedef {import("./layer.js").Say} Say */
/** @typedef {import("./layer.js").Shape} Shape */
/** @typedef {import("./layer.js").Words} Words */

const ROW = [letter("s"), letter("u"), sign("+"), letter("i")];
const COLUMN = [letter("s"), letter("v"), sign("+"), letter("j")];

/** What is computed, and its derivatives. @type {Record<string, Formula>} */
const FORMULAS = {
  y: {
    name: "Max-pooling",
    tree: row(
      indexed("y", "c", "u", "v"),
      sign("="),
      ["munder", letter("max"), row(...commas("i", "j"))],
      under(letter("x"), letter("c"), sign(","), ...ROW, sign(","), ...COLUMN),
    ),
    letters: "c: map. u, v: row and column. i, j: cell of the window. s: stride",
  },
  dx: {
    name: "Back through a pool",
    tree: row(
      slope(indexed("x", "c", "r", "t")),
      sign("="),
      total(...commas("u", "v"), ["mtext", " won"]),
      slope(indexed("y", "c", "u", "v")),
    ),
    letters: "r, t: this cell. u, v: the windows that it won",
  },
};

/** What the layer does, forward and backward. @type {Words} */
const WORDS = {
  y: (layer) => `Of every ${sizeOf(layer)} cells the largest stays.`,
  back: "back through the pool",
  dx: (layer) =>
    `Of every ${sizeOf(layer)} cells only the winner gets the gradient. The others (grey) had no ` +
    "part in the answer.",
};

/** What is said of one number, by what was explained of it. @type {Record<string, Say>} */
const SAYS = {
  y: (e) => `The largest of these ${e.candidates.length} numbers wins. The others are forgotten.`,
  dx: (e) => {
    if (e.windows.length === 0) return "No window reaches this cell, so no gradient does.";
    if (e.passes) return "This cell won its window, so the window's whole gradient comes here.";
    return "Another cell won the window, so nothing comes here.";
  },
};

/** The maximum of each window of `size` cells, taken every `stride` cells. */
export class MaxPool2D {
  static shortName = "pool";
  static needed = ["size"];
  static optional = ["stride", "padding"];
  static formulas = FORMULAS;
  static words = WORDS;
  static says = SAYS;

  /**
   * @param {Record<string, unknown>} settings as in Python; without a stride, windows stand side by
   *   side
   */
  constructor({ size, stride, padding = 0 }) {
    this.size = pair(size, "pool size");
    this.stride = stride === undefined || stride === null ? this.size : pair(stride, "stride");
    this.padding = pair(padding, "padding", 0);
    const [[fh, fw], [ph, pw]] = [this.size, this.padding];
    if (ph >= fh || pw >= fw) {
      throw new ShapeError(
        `padding ${ph}, ${pw} leaves windows of ${fh}×${fw} cells empty; ` +
          "give less than the pool's size",
      );
    }
  }

  /**
   * Return [C, H', W'] for an input [C, H, W].
   *
   * @param {Shape} inputShape
   * @returns {Shape}
   */
  outputShape(inputShape) {
    if (inputShape.length !== 3) {
      throw new ShapeError(
        "a pool needs pictures (channels, rows, columns), but is given " +
          inParentheses(inputShape),
      );
    }
    const [c, h, w] = inputShape;
    const [[fh, fw], [sh, sw], [ph, pw]] = [this.size, this.stride, this.padding];
    if (h + 2 * ph < fh || w + 2 * pw < fw) {
      throw new ShapeError(
        `a ${fh}×${fw} pool needs at least ${fh}×${fw} cells, but the picture has ${h}×${w}; ` +
          "take a smaller pool or fewer of them",
      );
    }
    return [c, outputLength(h, fh, sh, ph), outputLength(w, fw, sw, pw)];
  }

  /** @returns {Record<string, Shape>} none */
  parameterShapes() {
    return {};
  }

  multiplyAdds() {
    return 0;
  }

  /**
   * Return y [C, H', W'] for x [C, H, W]; saved are the winners' places in x.
   *
   * @template {Floats} T
   * @param {T} x
   * @param {Shape} inputShape
   * @returns {{ y: T, saved: { inputShape: Shape, winners: Int32Array } }}
   */
  forward(x, inputShape) {
    const [channels, h, w] = inputShape;
    const [, rows, cols] = this.outputShape(inputShape);
    const [[fh, fw], [sh, sw], [ph, pw]] = [this.size, this.stride, this.padding];
    const y = zerosLike(x, channels * rows * cols);
    const winners = new Int32Array(y.length);
    let at = 0;
    for (let c = 0; c < channels; c++) {
      for (let u = 0; u < rows; u++) {
        const [first, end] = [Math.max(0, sh * u - ph), Math.min(h, sh * u - ph + fh)];
        for (let v = 0; v < cols; v++, at++) {
          const [left, right] = [Math.max(0, sw * v - pw), Math.min(w, sw * v - pw + fw)];
          let winner = (c * h + first) * w + left;
          for (let row = (c * h + first) * w; row < (c * h + end) * w; row += w) {
            for (let cell = row + left; cell < row + right; cell++) {
              if (x[cell] > x[winner]) winner = cell; // among equals the first keeps its place
            }
          }
          winners[at] = winner;
          y[at] = x[winner];
        }
      }
    }
    return { y, saved: { inputShape, winners } };
  }

  /**
   * Return dx [C, H, W]: each window's gradient goes to the cell that won it.
   *
   * @template {Floats} T
   * @param {T} dy
   * @param {{ inputShape: Shape, winners: Int32Array }} saved
   * @returns {{ dx: T, gradients: Record<string, T> }}
   */
  backward(dy, { inputShape, winners }) {
    const sums = new Float64Array(volume(inputShape)); // windows may overlap
    for (let at = 0; at < dy.length; at++) sums[winners[at]] += dy[at];
    const dx = zerosLike(dy, sums.length);
    dx.set(sums);
    return { dx, gradients: {} };
  }

  /**
   * y_{c,u,v} = max x_{c,su+i,sv+j}: the candidates and which of them won.
   *
   * @param {Layer} layer
   * @param {Scene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explain(layer, scene, index, cell) {
    const { part, ...found } = winnerOf(layer, scene.outputs[index], cell);
    return {
      ...found,
      value: found.candidates[found.best],
      sources: [source("outputs", index, [part])],
    };
  }

  /**
   * dL/dx_{c,r,t} = Σ dL/dy_{c,u,v} over the windows that (r, t) won.
   *
   * @param {Layer} layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explainDerivative(layer, scene, index, cell) {
    const { size, stride, padding } = new MaxPool2D(layer.settings);
    const [c, r, t] = placeOf(layer.inputShape, cell);
    const [, rows, columns] = layer.outputShape;
    const dy = scene.derivatives[index + 1];
    const windows = [];
    for (const u of reaching(r + padding[0], size[0], stride[0], rows)) {
      for (const v of reaching(t + padding[1], size[1], stride[1], columns)) {
        const at = (c * rows + u) * columns + v;
        const { part, ...found } = winnerOf(layer, scene.outputs[index], at);
        const isWon = found.winner === cell;
        windows.push({ at, u, v, isWon, ...found, derivative: dy[at] });
      }
    }
    const won = windows.filter(({ isWon }) => isWon);
    return {
      x: scene.outputs[index][cell],
      windows,
      passes: won.length > 0,
      value: sum(won.map(({ derivative }) => derivative)),
      sources: [
        source(
          "derivatives",
          index + 1,
          windows.map(({ at }) => box(at)),
        ),
      ],
    };
  }

  /**
   * Tell which cells of the input the gradient cannot reach.
   *
   * @param {Layer} layer
   * @param {Float32Array} x the layer's input
   * @returns {Uint8Array} 1 where nothing passes
   */
  static blocked(layer, x) {
    const stops = new Uint8Array(x.length).fill(1);
    for (let cell = 0; cell < volume(layer.outputShape); cell++) {
      stops[winnerOf(layer, x, cell).winner] = 0;
    }
    return stops;
  }
}

/**
 * Return a pool's candidates for one window and the first of the largest, as `MaxPool2D` does.
 *
 * @param {Layer} layer
 * @param {Float32Array} x
 * @param {number} cell of the layer's output
 */
function winnerOf(layer, x, cell) {
  const { size, stride, padding } = new MaxPool2D(layer.settings);
  const [, height, width] = layer.inputShape;
  const [c, u, v] = placeOf(layer.outputShape, cell);
  const [top, left] = [stride[0] * u - padding[0], stride[1] * v - padding[1]];
  const inside = clipped(top, left, size, height, width);
  if (inside === null) throw new RangeError("a window of padding alone"); // no setting allows it
  const part = { ...inside, cell: inside.cell + c * height * width };
  const candidates = [];
  let [best, winner] = [0, part.cell];
  for (let i = 0; i < part.rows; i++) {
    for (let j = 0; j < part.columns; j++) {
      const at = part.cell + i * width + j;
      candidates.push(x[at]);
      if (x[at] > x[winner]) [best, winner] = [candidates.length - 1, at];
    }
  }
  return { size: [part.rows, part.columns], candidates, best, winner, part };
}

/**
 * Return the windows on one axis that reach a cell.
 *
 * @param {number} at
 * @param {number} size
 * @param {number} stride
 * @param {number} windows how many there are
 */
export function reaching(at, size, stride, windows) {
  const first = Math.max(0, Math.ceil((at - size + 1) / stride));
  const last = Math.min(windows - 1, Math.floor(at / stride));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n);
}

/** @param {Layer} layer */
function sizeOf(layer) {
  return new MaxPool2D(layer.settings).size.join("×");
}
