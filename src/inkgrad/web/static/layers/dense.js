/**
 * Dense: every output is a weighted sum of every input.
 *
 * The twin of `inkgrad/layers/dense.py`.
 *
 * @module
 */

import { ShapeError } from "../errors.js";
import { inParentheses, wholeNumber } from "./layer.js";

/** A fully connected layer: y = x W + β. */
export class Dense {
  static shortName = "dense";
  static needed = ["outputs"];
  static optional = [];

  /** @param {object} settings as in Python */
  constructor({ outputs }) {
    this.outputs = wholeNumber(outputs, "outputs");
  }

  /** Return [K] for an input [I]. */
  outputShape(inputShape) {
    if (inputShape.length !== 1) {
      throw new ShapeError(
        "a dense layer needs one row of numbers (inputs,), but is given " +
          `${inParentheses(inputShape)}; put a Flatten() before it`,
      );
    }
    return [this.outputs];
  }

  /** Return the shapes of the weight, [I, K], and of the bias, [K]. */
  parameterShapes([inputs]) {
    return { weight: [inputs, this.outputs], bias: [this.outputs] };
  }

  /** Return I·K. */
  multiplyAdds([inputs]) {
    return inputs * this.outputs;
  }

  /** Return y [K] for x [I]. */
  forward(x, inputShape, { weight, bias }) {
    const sums = new Float64Array(this.outputs);
    sums.set(bias);
    for (let i = 0; i < x.length; i++) {
      if (x[i] === 0) continue; // behind a ReLU most inputs are
      addRow(sums, weight, i * this.outputs, x[i]);
    }
    const y = new x.constructor(this.outputs);
    y.set(sums);
    return { y, saved: { x, weight } };
  }

  /** Return dx = G Wᵀ and the gradients dW = xᵀ G and dβ = G. */
  backward(dy, { x, weight }) {
    const k = this.outputs;
    const dx = new dy.constructor(x.length);
    const dweight = new dy.constructor(weight.length);
    for (let i = 0; i < x.length; i++) {
      let sum = 0;
      for (let j = 0; j < k; j++) {
        sum += dy[j] * weight[i * k + j];
        dweight[i * k + j] = x[i] * dy[j];
      }
      dx[i] = sum;
    }
    return { dx, gradients: { weight: dweight, bias: dy.slice() } };
  }
}

function addRow(sums, weight, at, x) {
  for (let k = 0; k < sums.length; k++) sums[k] += x * weight[at + k];
}
