/**
 * Flatten: lay the numbers of a picture in one row, for the dense layers.
 *
 * The twin of `inkgrad/layers/flatten.py`.
 *
 * @module
 */

import { volume } from "./layer.js";

/** The same numbers in one row: as they lie in a row already, only their shape is another. */
export class Flatten {
  static shortName = "flatten";
  static needed = [];
  static optional = [];

  /** Return [C·H·W]. */
  outputShape(inputShape) {
    return [volume(inputShape)];
  }

  parameterShapes() {
    return {};
  }

  multiplyAdds() {
    return 0;
  }

  /** Return x itself. */
  forward(x) {
    return { y: x, saved: {} };
  }

  /** Return dy itself. */
  backward(dy) {
    return { dx: dy, gradients: {} };
  }
}
