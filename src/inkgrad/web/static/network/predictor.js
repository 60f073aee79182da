/**
 * The fast engine of the page: answers only, by WebAssembly where the browser has it.
 *
 * It computes the folded network (`fold.js`), the convolutions by the kernels in `wasm/`. Where
 * there is no WebAssembly with SIMD, or a policy forbids it, the layers compute it in plain
 * JavaScript; the answers differ by no more than float32 rounding. Whoever wants to see what each
 * layer makes of a drawing uses `engine.js`.
 *
 * @module
 */

import { forward } from "./engine.js";
import { fold } from "./fold.js";
import { makeKernels } from "./wasm/kernels.js";
import { Layout } from "./wasm/layout.js";

/** @typedef {import("./wasm/kernels.js").Kernels} Kernels */
/** @typedef {import("./network.js").Network} Network */

/** @type {Kernels | null | undefined} */
let shared; // made when first needed
/** The network that lies in the memory of each set of kernels. @type {WeakMap<Kernels, Layout>} */
const written = new WeakMap();

/** Return the kernels that all predictors of this thread share, one memory; null without any. */
export function sharedKernels() {
  if (shared === undefined) shared = makeKernels();
  return shared;
}

/** Answers of one network. */
export class Predictor {
  #folded;
  /** @type {Layout | null} */
  #layout = null; // null: in plain JavaScript

  /**
   * @param {Network} network
   * @param {Record<string, Float32Array>} numbers parameters and statistics
   * @param {Kernels | null} [kernels] null: plain JavaScript
   */
  constructor(network, numbers, kernels = sharedKernels()) {
    this.#folded = fold(network, numbers);
    if (kernels === null) return;
    try {
      this.#layout = new Layout(this.#folded.network.layers, this.#folded.numbers, kernels);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // too large
    }
  }

  /** Whether kernels are used. */
  get isFast() {
    return this.#layout !== null;
  }

  /**
   * Return the network's output.
   *
   * @param {Float32Array} x
   * @returns {Float32Array}
   */
  answer(x) {
    return this.#run(x).logits;
  }

  /**
   * Return what the last layer, a dense one, is given.
   *
   * @param {Float32Array} x
   * @returns {Float32Array}
   */
  featuresOf(x) {
    return this.#run(x).features();
  }

  /** @param {Float32Array} x */
  #run(x) {
    const layout = this.#layout;
    if (layout !== null && this.#isWritten(layout)) return layout.run(x);
    const { outputs } = forward(this.#folded.network, this.#folded.numbers, x);
    return {
      logits: outputs[outputs.length - 1],
      features: () => outputs[outputs.length - 2],
    };
  }

  /**
   * See that the network lies in the memory; false, from then on, if there is no room for it.
   *
   * @param {Layout} layout
   */
  #isWritten(layout) {
    if (written.get(layout.kernels) === layout) return true;
    try {
      written.delete(layout.kernels);
      layout.write();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#layout = null;
      return false;
    }
    written.set(layout.kernels, layout);
    return true;
  }
}
