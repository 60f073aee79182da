/**
 * Max-pooling: keep the strongest answer of each window, and forget where exactly it was.
 *
 * The twin of `inkgrad/layers/pool.py`.
 *
 * @module
 */

import { ShapeError } from "../errors.js";
import { inParentheses, outputLength, pair, volume } from "./layer.js";

/** The maximum of each window of `size` cells, taken every `stride` cells. */
export class MaxPool2D {
  static shortName = "pool";
  static needed = ["size"];
  static optional = ["stride"];

  /** @param {object} settings as in Python; without a stride, windows stand side by side */
  constructor({ size, stride }) {
    this.size = pair(size, "pool size");
    this.stride = stride === undefined || stride === null ? this.size : pair(stride, "stride");
  }

  /** Return [C, H', W'] for an input [C, H, W]. */
  outputShape(inputShape) {
    if (inputShape.length !== 3) {
      throw new ShapeError(
        `a pool needs pictures (channels, rows, columns), but is given ${inParentheses(inputShape)}`,
      );
    }
    const [c, h, w] = inputShape;
    const [[fh, fw], [sh, sw]] = [this.size, this.stride];
    if (h < fh || w < fw) {
      throw new ShapeError(
        `a ${fh}×${fw} pool needs at least ${fh}×${fw} cells, but the picture has ${h}×${w}; ` +
          "take a smaller pool or fewer of them",
      );
    }
    return [c, outputLength(h, fh, sh), outputLength(w, fw, sw)];
  }

  parameterShapes() {
    return {};
  }

  multiplyAdds() {
    return 0;
  }

  /** Return y [C, H', W'] for x [C, H, W]; saved are the winners' places in x. */
  forward(x, inputShape) {
    const [channels, h, w] = inputShape;
    const [, rows, cols] = this.outputShape(inputShape);
    const [[fh, fw], [sh, sw]] = [this.size, this.stride];
    const y = new x.constructor(channels * rows * cols);
    const winners = new Int32Array(y.length);
    let at = 0;
    for (let c = 0; c < channels; c++) {
      for (let u = 0; u < rows; u++) {
        for (let v = 0; v < cols; v++, at++) {
          const corner = (c * h + sh * u) * w + sw * v;
          let winner = corner;
          for (let i = 0; i < fh; i++) {
            for (let cell = corner + i * w; cell < corner + i * w + fw; cell++) {
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

  /** Return dx [C, H, W]: each window's gradient goes to the cell that won it. */
  backward(dy, { inputShape, winners }) {
    const sums = new Float64Array(volume(inputShape)); // windows may overlap
    for (let at = 0; at < dy.length; at++) sums[winners[at]] += dy[at];
    const dx = new dy.constructor(sums.length);
    dx.set(sums);
    return { dx, gradients: {} };
  }
}
