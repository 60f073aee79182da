/** What tests need of the assembler: modules of it, and what they compute. */

import {
  F32X4,
  I32,
  TYPES,
  assemble,
  get,
  increase,
  repeat,
  set,
  signed,
  unlessZero,
  unsigned,
} from "../static/network/wasm/assembler.js";
import { BLOCK, TILE, kernelBytes, makeKernels } from "../static/network/wasm/kernels.js";

const { i32, f32, v128 } = TYPES;

/** Write whole numbers: [isSigned, value] each. */
export function encoded(calls) {
  return calls.map(([isSigned, value]) => Uint8Array.from((isSigned ? signed : unsigned)(value)));
}

/** Write whole numbers as constants, and let WebAssembly add them to 0 and use them as addresses. */
export function constants(values) {
  return values.map((value) => {
    // memory[0 …] = memory[value …]
    const body = [I32.constant(0), I32.constant(value), F32X4.load(), F32X4.store()];
    const { memory, copy } = instance({ copy: { parameters: {}, locals: {}, body } });
    new Uint32Array(memory.buffer)[value / 4] = 12345;
    copy();
    return new Uint32Array(memory.buffer)[0];
  });
}

function instance(functions) {
  return new WebAssembly.Instance(new WebAssembly.Module(assemble(functions))).exports;
}

/** A function with nothing in it, and one with a parameter, two locals and two instructions. */
export function smallModules() {
  const nothing = { f: { parameters: {}, locals: {}, body: [] } };
  const little = {
    add: {
      parameters: { a: i32 },
      locals: { b: f32, c: i32 },
      body: set("c", get("a"), I32.constant(-1), I32.add),
    },
  };
  return [assemble(nothing), assemble(little)];
}

/** Run every instruction; return what is in the memory then. */
export function everyInstruction() {
  const { memory, f } = instance({
    f: {
      parameters: { from: i32, to: i32, times: i32, floor: f32, skipped: i32 },
      locals: { sum: v128, n: i32, least: v128 },
      body: [
        // The second four numbers, and so often the second number, times the first four.
        set("sum", get("from"), F32X4.load(16)),
        repeat(
          "times",
          set("sum", get("sum"), get("from"), F32X4.loadSplat(4), F32X4.add),
          increase("n", 3),
        ),
        set("sum", get("sum"), get("from"), F32X4.load(), F32X4.multiply),
        set("least", get("floor"), F32X4.splat),
        [get("to"), get("sum"), get("least"), F32X4.larger, F32X4.store(16)],
        unlessZero("skipped", [get("to"), get("least"), F32X4.store(32)]),
        unlessZero("n", [get("to"), get("least"), F32X4.store(48)]),
        // n is 6: then 1, then 16, and in the end 16 + the number that lies 48 bytes behind 16.
        set("n", get("n"), I32.constant(2), I32.and, I32.constant(1), I32.shift),
        set("n", get("n"), I32.constant(32), I32.multiply, I32.constant(16), I32.subtract),
        set("n", get("n"), I32.load(48), get("n"), I32.add),
        [get("n"), get("least"), F32X4.store(96)],
      ],
    },
  });
  const floats = new Float32Array(memory.buffer);
  floats.set([1, 2, 3, 4, 10, 20, 30, -40], 4);
  new Int32Array(memory.buffer)[16] = 48;
  f(16, 80, 2, -7, 0);
  return floats.slice(0, 48);
}

/** Name a variable that is not there. */
export function unknownVariable() {
  assemble({ f: { parameters: {}, locals: {}, body: get("x") } });
}

/** The kernels' module: its bytes and what it exports, by kind. */
export function kernels() {
  const bytes = kernelBytes();
  const module = new WebAssembly.Module(bytes);
  const exported = WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind]);
  return { bytes, isValid: WebAssembly.validate(bytes), exported: Object.fromEntries(exported) };
}

/**
 * Convolve by a kernel: places at any addresses, runs of any length, blocks of filters.
 *
 * `x`, `weights` (with biases, as they are packed), `patches` and `runs` as indices of floats.
 */
export function convolved({ name, x, weights, patches, runs, length, blocks, floor }) {
  const kernels = makeKernels();
  kernels.memory.grow(20);
  const floats = new Float32Array(kernels.memory.buffer);
  const words = new Int32Array(kernels.memory.buffer);
  const [xs, ws, ys] = [1000, 1000 + x.length, 1000 + x.length + weights.length]; // in floats
  floats.set(x, xs);
  floats.set(weights, ws);
  patches.forEach((patch, q) => {
    words.set([4 * (xs + patch), 4 * (ys + q * blocks * BLOCK)], 2 * q);
  });
  words.set(
    runs.map((run) => 4 * run),
    500,
  );
  const count = patches.length / (name === "convolveTiles" ? TILE : 1);
  kernels[name](0, count, 4 * 500, runs.length, length, 4 * ws, blocks, floor);
  return floats.slice(ys, ys + patches.length * blocks * BLOCK + 8); // and what lies behind
}
