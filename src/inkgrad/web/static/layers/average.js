/**
 * Average-pooling: the mean of each window, or of each whole map.
 *
 * The twin of `inkgrad/layers/average.py`.
 *
 * @module
 */

import { ShapeError } from "../errors.js";
import { box, placeOf, source, sum } from "./explanation.js";
import { commas, indexed, letter, number, row, sign, slope, total, under } from "./formula.js";
import { inParentheses, outputLength, pair, volume, zerosLike } from "./layer.js";
import { reaching } from "./pool.js";

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

const ROW = [letter("s"), letter("u"), sign("+"), letter("i")];
const COLUMN = [letter("s"), letter("v"), sign("+"), letter("j")];
/** @type {(below: Tree) => Tree} */
const share = (below) => ["mfrac", number("1"), below];
/** @type {Tree} */
const CELLS = ["msup", letter("f"), number("2")];
const AREA = row(letter("H"), letter("W"));

/** What is said of one number, by what was explained of it. @type {Record<string, Say>} */
const SAYS = {
  y: (e) => `The mean of ${e.cells} number${e.cells === 1 ? "" : "s"}.`,
  dx: (e) =>
    e.windows === 0
      ? "No window reaches this cell, so no gradient does."
      : "Each cell of a window gets the same share of the window's gradient.",
};

/** The mean of each window of `size` cells, taken every `stride` cells. */
export class AveragePool2D {
  static shortName = "average";
  static needed = ["size"];
  static optional = ["stride"];
  /** @type {Record<string, Formula>} */
  static formulas = {
    y: {
      name: "Average-pooling",
      tree: row(
        indexed("y", "c", "u", "v"),
        sign("="),
        share(CELLS),
        total(...commas("i", "j")),
        under(letter("x"), letter("c"), sign(","), ...ROW, sign(","), ...COLUMN),
      ),
      letters: "c: map. u, v: row and column. i, j: cell of the window, f² of them. s: stride",
    },
    dx: {
      name: "Back through an average pool",
      tree: row(
        slope(indexed("x", "c", "r", "t")),
        sign("="),
        share(CELLS),
        total(...commas("u", "v")),
        slope(indexed("y", "c", "u", "v")),
      ),
      letters: "r, t: this cell. u, v: the windows that it lies in. f²: cells of a window",
    },
  };
  /** @type {Words} */
  static words = {
    y: (layer) => `Of every ${sizeOf(layer)} cells the mean is taken.`,
    back: "back through the pool",
    dx: (layer) => `Every ${sizeOf(layer)} cells share their mean's gradient evenly.`,
  };
  static says = SAYS;

  /**
   * @param {Record<string, unknown>} settings as in Python; without a stride, windows stand side by
   *   side
   */
  constructor({ size, stride }) {
    this.size = pair(size, "pool size");
    this.stride = stride === undefined || stride === null ? this.size : pair(stride, "stride");
  }

  /**
   * Return [C, H', W'] for an input [C, H, W].
   *
   * @param {Shape} inputShape
   * @returns {Shape}
   */
  outputShape(inputShape) {
    const [c, h, w] = picture(inputShape);
    const [[fh, fw], [sh, sw]] = [this.size, this.stride];
    if (h < fh || w < fw) {
      throw new ShapeError(
        `a ${fh}×${fw} pool needs at least ${fh}×${fw} cells, but the picture has ${h}×${w}; ` +
          "take a smaller pool or fewer of them",
      );
    }
    return [c, outputLength(h, fh, sh), outputLength(w, fw, sw)];
  }

  /** @returns {Record<string, Shape>} none */
  parameterShapes() {
    return {};
  }

  multiplyAdds() {
    return 0;
  }

  /**
   * Return y [C, H', W'] for x [C, H, W].
   *
   * @template {Floats} T
   * @param {T} x
   * @param {Shape} inputShape
   * @returns {{ y: T, saved: { inputShape: Shape } }}
   */
  forward(x, inputShape) {
    const y = zerosLike(x, volume(this.outputShape(inputShape)));
    const cells = volume(this.size);
    const sums = new Float64Array(y.length);
    this.#visit(inputShape, (cell, window) => {
      sums[window] += x[cell];
    });
    for (let at = 0; at < y.length; at++) y[at] = sums[at] / cells;
    return { y, saved: { inputShape } };
  }

  /**
   * Return dx [C, H, W]: each window shares its gradient out evenly.
   *
   * @template {Floats} T
   * @param {T} dy
   * @param {{ inputShape: Shape }} saved
   * @returns {{ dx: T, gradients: Record<string, T> }}
   */
  backward(dy, { inputShape }) {
    const cells = volume(this.size);
    const sums = new Float64Array(volume(inputShape));
    this.#visit(inputShape, (cell, window) => {
      sums[cell] += dy[window] / cells;
    });
    const dx = zerosLike(dy, sums.length);
    dx.set(sums);
    return { dx, gradients: {} };
  }

  /**
   * Call a function for each cell of each window, with the places of both.
   *
   * @param {Shape} inputShape
   * @param {(cell: number, window: number) => void} visit
   */
  #visit(inputShape, visit) {
    const [channels, h, w] = inputShape;
    const [, rows, columns] = this.outputShape(inputShape);
    const [[fh, fw], [sh, sw]] = [this.size, this.stride];
    let window = 0;
    for (let c = 0; c < channels; c++) {
      for (let u = 0; u < rows; u++) {
        for (let v = 0; v < columns; v++, window++) {
          for (let i = 0; i < fh; i++) {
            const first = (c * h + sh * u + i) * w + sw * v;
            for (let cell = first; cell < first + fw; cell++) visit(cell, window);
          }
        }
      }
    }
  }

  /**
   * y_{c,u,v} = mean of x_{c,su+i,sv+j}: the window's numbers.
   *
   * @param {Layer} layer
   * @param {Scene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explain(layer, scene, index, cell) {
    const { size, stride } = new AveragePool2D(layer.settings);
    const [, height, width] = layer.inputShape;
    const [c, u, v] = placeOf(layer.outputShape, cell);
    const first = (c * height + stride[0] * u) * width + stride[1] * v;
    const candidates = [];
    for (let i = 0; i < size[0]; i++) {
      for (let j = 0; j < size[1]; j++)
        candidates.push(scene.outputs[index][first + i * width + j]);
    }
    const cells = candidates.length;
    return {
      size,
      candidates,
      cells,
      value: sum(candidates) / cells,
      sources: [source("outputs", index, [{ cell: first, rows: size[0], columns: size[1] }])],
    };
  }

  /**
   * dL/dx_{c,r,t} = Σ dL/dy_{c,u,v} / f² over the windows that (r, t) lies in.
   *
   * @param {Layer} layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explainDerivative(layer, scene, index, cell) {
    const { size, stride } = new AveragePool2D(layer.settings);
    const [c, r, t] = placeOf(layer.inputShape, cell);
    const [, rows, columns] = layer.outputShape;
    const windows = reaching(r, size[0], stride[0], rows).flatMap((u) =>
      reaching(t, size[1], stride[1], columns).map((v) => (c * rows + u) * columns + v),
    );
    const arrives = sum(windows.map((at) => scene.derivatives[index + 1][at]));
    const cells = volume(size);
    return {
      arrives,
      cells,
      windows: windows.length,
      value: arrives / cells,
      sources: [source("derivatives", index + 1, windows.map(box))],
    };
  }
}

/** The mean of each map. */
export class GlobalAveragePool {
  static shortName = "global";
  /** @type {string[]} */
  static needed = [];
  /** @type {string[]} */
  static optional = [];
  /** @type {Record<string, Formula>} */
  static formulas = {
    y: {
      name: "Global average",
      tree: row(
        indexed("y", "c"),
        sign("="),
        share(AREA),
        total(...commas("r", "t")),
        indexed("x", "c", "r", "t"),
      ),
      letters: "c: map. r, t: row and column, of H rows and W columns",
    },
    dx: {
      name: "Back through a global average",
      tree: row(
        slope(indexed("x", "c", "r", "t")),
        sign("="),
        share(AREA),
        slope(indexed("y", "c")),
      ),
      letters: "c: map. H, W: its rows and columns",
    },
  };
  /** @type {Words} */
  static words = {
    y: () => "Of every map the mean is taken: where something is does not matter any more.",
    back: "back through the mean",
    dx: () => "All cells of a map share its mean's gradient evenly.",
  };
  static says = SAYS;

  /**
   * Return [C] for an input [C, H, W].
   *
   * @param {Shape} inputShape
   * @returns {Shape}
   */
  outputShape(inputShape) {
    return picture(inputShape).slice(0, 1);
  }

  /** @returns {Record<string, Shape>} none */
  parameterShapes() {
    return {};
  }

  multiplyAdds() {
    return 0;
  }

  /**
   * Return y [C] for x [C, H, W].
   *
   * @template {Floats} T
   * @param {T} x
   * @param {Shape} inputShape
   * @returns {{ y: T, saved: { inputShape: Shape } }}
   */
  forward(x, inputShape) {
    const y = zerosLike(x, this.outputShape(inputShape)[0]);
    const area = x.length / y.length;
    for (let c = 0; c < y.length; c++) {
      let sum = 0;
      for (let cell = c * area; cell < (c + 1) * area; cell++) sum += x[cell];
      y[c] = sum / area;
    }
    return { y, saved: { inputShape } };
  }

  /**
   * Return dx [C, H, W]: each map shares its gradient out evenly.
   *
   * @template {Floats} T
   * @param {T} dy
   * @param {{ inputShape: Shape }} saved
   * @returns {{ dx: T, gradients: Record<string, T> }}
   */
  backward(dy, { inputShape }) {
    const dx = zerosLike(dy, volume(inputShape));
    const area = dx.length / dy.length;
    for (let cell = 0; cell < dx.length; cell++) dx[cell] = dy[Math.floor(cell / area)] / area;
    return { dx, gradients: {} };
  }

  /**
   * y_c = mean of x_{c,r,t}.
   *
   * @param {Layer} layer
   * @param {Scene} scene
   * @param {number} index
   * @param {number} c
   * @returns {Explained}
   */
  static explain(layer, scene, index, c) {
    const [, rows, columns] = layer.inputShape;
    const cells = rows * columns;
    const all = sum([...scene.outputs[index].slice(c * cells, (c + 1) * cells)]);
    return {
      total: all,
      cells,
      value: all / cells,
      sources: [source("outputs", index, [{ cell: c * cells, rows, columns }])],
    };
  }

  /**
   * dL/dx_{c,r,t} = dL/dy_c / (HW).
   *
   * @param {Layer} layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} cell
   * @returns {Explained}
   */
  static explainDerivative(layer, scene, index, cell) {
    const cells = volume(layer.inputShape.slice(1));
    const c = Math.floor(cell / cells);
    const arrives = scene.derivatives[index + 1][c];
    return {
      arrives,
      cells,
      windows: 1,
      value: arrives / cells,
      sources: [source("derivatives", index + 1, [box(c)])],
    };
  }
}

/**
 * @param {Shape} inputShape
 * @returns {Shape}
 */
function picture(inputShape) {
  if (inputShape.length !== 3) {
    throw new ShapeError(
      `a pool needs pictures (channels, rows, columns), but is given ${inParentheses(inputShape)}`,
    );
  }
  return inputShape;
}

/** @param {Layer} layer */
function sizeOf(layer) {
  return new AveragePool2D(layer.settings).size.join("×");
}
