/**
 * ReLU: let positive numbers through and stop the rest.
 *
 * The twin of `inkgrad/layers/relu.py`.
 *
 * @module
 */

/** The rectifier, element by element: y = max(x, 0). */
export class ReLU {
  static shortName = "relu";
  static needed = [];
  static optional = [];

  /** Return the input's shape. */
  outputShape(inputShape) {
    return inputShape;
  }

  parameterShapes() {
    return {};
  }

  multiplyAdds() {
    return 0;
  }

  /** Return max(x, 0). */
  forward(x) {
    const y = new x.constructor(x.length);
    for (let i = 0; i < x.length; i++) y[i] = Math.max(x[i], 0);
    return { y, saved: { x } };
  }

  /** Return dx = dy where x was positive, else 0: at 0, a cell that says nothing learns nothing. */
  backward(dy, { x }) {
    const dx = new dy.constructor(dy.length);
    for (let i = 0; i < dy.length; i++) dx[i] = x[i] > 0 ? dy[i] : 0;
    return { dx, gradients: {} };
  }
}
