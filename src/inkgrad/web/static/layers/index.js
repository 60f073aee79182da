/**
 * Every kind of layer; the twin of the registry in `inkgrad/layers/__init__.py`.
 *
 * All there is to a layer is in the file of its own: its two passes, where each of its numbers
 * comes from, its formulas, and what is said of it.
 *
 * @module
 */

import { AveragePool2D, GlobalAveragePool } from "./average.js";
import { BatchNorm } from "./norm.js";
import { Conv2D } from "./conv.js";
import { Dense } from "./dense.js";
import { Dropout } from "./dropout.js";
import { Flatten } from "./flatten.js";
import { LeakyReLU } from "./leaky_relu.js";
import { MaxPool2D } from "./pool.js";
import { Parallel } from "./parallel.js";
import { ReLU } from "./relu.js";

/**
 * Every kind of layer by the name that a model file calls it.
 *
 * @type {Record<string, import("./layer.js").Kind>}
 */
export const LAYERS = {
  AveragePool2D,
  BatchNorm,
  Conv2D,
  Dense,
  Dropout,
  Flatten,
  GlobalAveragePool,
  LeakyReLU,
  MaxPool2D,
  Parallel,
  ReLU,
};
