/**
 * The kernels: the few loops in which a network's time goes, in WebAssembly.
 *
 * Pictures lie in the memory with their channels together, [row][column][channel], and with their
 * padding around them. Then what a filter sees at a place is a few runs of numbers without a gap,
 * one a row of the filter. A table of addresses says where each place's patch begins and where its
 * result goes. Strides, paddings and shapes are in that table; the kernels need not know them.
 *
 *     for each block of 8 filters:
 *       for each tile of 4 places:
 *         sums[4][8] = the biases
 *         for each run, for each number in it:
 *           for each of the 4 places: sums[place] += x[place] · 8 weights
 *         y[place] = max(sums[place], floor)
 *
 * 8 filters are two vectors of 4 floats, so 8 vectors of sums are in registers while the loop runs:
 * 6 loads for 8 multiplications and 8 additions. (4 × 2 was the fastest of the shapes that leave
 * room in 16 registers.) Multiplication and addition are rounded one by one, as the standard says,
 * so the results have the same bits in every browser.
 *
 * @module
 */

import {
  F32X4,
  I32,
  TYPES,
  assemble,
  get,
  increase,
  repeat,
  set,
  unlessZero,
} from "./assembler.js";

/** @typedef {import("./assembler.js").Code} Code */
/** @typedef {import("./assembler.js").Definition} Definition */

/** How many filters are worked on at once; weights are packed in blocks of so many. */
export const BLOCK = 8;
/** How many places `convolveTiles` works on at once. */
export const TILE = 4;

const FLOAT = 4; // bytes
const VECTOR = 16; // bytes of four floats
const UNROLLED = 4; // numbers of a run in each turn of the innermost loop
const { i32, f32, v128 } = TYPES;

/**
 * The kernels of one WebAssembly instance, and the memory that they work in. All arguments but
 * `floor` are addresses in bytes and counts of at least 1.
 *
 * @typedef {object} Kernels
 * @property {WebAssembly.Memory} memory
 * @property {Convolve} convolveTiles of TILE places each
 * @property {Convolve} convolveSingly place by place
 * @property {(places: number, count: number, cells: number, cellCount: number, vectors: number) =>
 *   void} takeLargest at `places` are `count` pairs of addresses (window, result); at `cells` where
 *   each cell of a window lies from its beginning; a cell has `vectors` · 4 channels
 */

/**
 * At `places` are pairs of addresses (patch, result), `count` tiles of them. At `runs` is where
 * each of `runCount` runs of a patch lies from its beginning; a run has `length` numbers. At
 * `weights` are, for each of `blocks` blocks: BLOCK biases, and for each number of a patch BLOCK
 * weights. `floor` is the least result: 0 for a ReLU, else −∞.
 *
 * @typedef {(places: number, count: number, runs: number, runCount: number, length: number,
 *   weights: number, blocks: number, floor: number) => void} Convolve
 */

/**
 * Make the kernels, or return null where the browser has no WebAssembly, or none with SIMD, or a
 * policy of the page forbids it.
 *
 * @param {typeof WebAssembly | undefined} [wasm]
 * @returns {Kernels | null}
 */
export function makeKernels(wasm = globalThis.WebAssembly) {
  try {
    const bytes = kernelBytes();
    if (!wasm?.validate(bytes)) return null;
    // Compiled at once: it has less than 4 KB, which browsers allow outside of workers, too.
    const { exports } = new wasm.Instance(new wasm.Module(bytes));
    return /** @type {Kernels} */ (/** @type {unknown} */ (exports));
  } catch {
    return null;
  }
}

/** Return the module's bytes. */
export function kernelBytes() {
  return assemble({
    convolveTiles: convolve(TILE),
    convolveSingly: convolve(1),
    takeLargest: takeLargest(),
  });
}

/**
 * Return the function that convolves, `tile` places at once.
 *
 * @param {number} tile
 * @returns {Definition}
 */
function convolve(tile) {
  const places = Array.from({ length: tile }, (_, p) => p);
  const halves = [0, 1]; // of a block
  const sum = (/** @type {number} */ p, /** @type {number} */ h) => `sum${p}${h}`;
  const sums = places.flatMap((p) => halves.map((h) => sum(p, h)));

  // Add the n-th number of a run, from where x and weight are: x · weight for all filters.
  const multiplyAdd = (/** @type {number} */ n) => [
    halves.map((h) => set(`w${h}`, get("weight"), F32X4.load((2 * n + h) * VECTOR))),
    places.map((p) => [
      set("x", get(`x${p}`), F32X4.loadSplat(n * FLOAT)),
      halves.map((h) =>
        set(sum(p, h), get(sum(p, h)), get("x"), get(`w${h}`), F32X4.multiply, F32X4.add),
      ),
    ]),
  ];
  const advance = (/** @type {number} */ numbers) => [
    places.map((p) => increase(`x${p}`, numbers * FLOAT)),
    increase("weight", numbers * BLOCK * FLOAT),
  ];
  const eachNumber = [
    set("left", get("length"), I32.constant(Math.log2(UNROLLED)), I32.shift),
    unlessZero(
      "left",
      repeat(
        "left",
        Array.from({ length: UNROLLED }, (_, n) => multiplyAdd(n)),
        advance(UNROLLED),
      ),
    ),
    set("left", get("length"), I32.constant(UNROLLED - 1), I32.and),
    unlessZero("left", repeat("left", multiplyAdd(0), advance(1))),
  ];

  const eachRun = [
    set("run", get("runs")),
    set("runsLeft", get("runCount")),
    repeat(
      "runsLeft",
      places.map((p) =>
        set(`x${p}`, get("place"), I32.load(p * 8), get("run"), I32.load(), I32.add),
      ),
      eachNumber,
      increase("run", 4),
    ),
  ];

  const store = places.map((p) => [
    set("to", get("place"), I32.load(p * 8 + 4), get("shift"), I32.add),
    halves.map((h) => [
      get("to"),
      [get(sum(p, h)), get("least"), F32X4.larger],
      F32X4.store(h * VECTOR),
    ]),
  ]);
  const eachTile = [
    set("place", get("places")),
    set("tilesLeft", get("count")),
    repeat(
      "tilesLeft",
      places.map((p) => halves.map((h) => set(sum(p, h), get("weights"), F32X4.load(h * VECTOR)))),
      set("weight", get("weights"), I32.constant(BLOCK * FLOAT), I32.add),
      eachRun,
      store,
      increase("place", tile * 8),
    ),
  ];

  const variables = (/** @type {string[]} */ names, /** @type {number} */ type) =>
    Object.fromEntries(names.map((name) => [name, type]));
  return {
    parameters: {
      ...variables(["places", "count", "runs", "runCount", "length", "weights", "blocks"], i32),
      floor: f32,
    },
    locals: {
      ...variables(["place", "tilesLeft", "run", "runsLeft", "left", "weight", "to", "shift"], i32),
      ...variables(
        places.map((p) => `x${p}`),
        i32,
      ),
      ...variables([...sums, "x", "w0", "w1", "least"], v128),
    },
    body: [
      set("least", get("floor"), F32X4.splat),
      repeat(
        "blocks",
        eachTile,
        set("weights", get("weight")), // the next block's follow
        increase("shift", BLOCK * FLOAT), // so do its results
      ),
    ],
  };
}

/**
 * Return the function that pools by the maximum.
 *
 * @returns {Definition}
 */
function takeLargest() {
  const cellAddress = [get("from"), get("cell"), I32.load(), I32.add];
  const eachCell = [
    set("largest", cellAddress, F32X4.load()),
    set("cellsLeft", get("cellCount")),
    repeat(
      "cellsLeft",
      set("largest", get("largest"), cellAddress, F32X4.load(), F32X4.larger),
      increase("cell", 4),
    ),
  ];
  const eachVector = [
    set("from", get("places"), I32.load()),
    set("to", get("places"), I32.load(4)),
    set("vectorsLeft", get("vectors")),
    repeat(
      "vectorsLeft",
      set("cell", get("cells")),
      eachCell,
      [get("to"), get("largest"), F32X4.store()],
      increase("from", VECTOR),
      increase("to", VECTOR),
    ),
  ];
  return {
    parameters: { places: i32, count: i32, cells: i32, cellCount: i32, vectors: i32 },
    locals: {
      ...{ from: i32, to: i32, cell: i32, cellsLeft: i32, vectorsLeft: i32 },
      largest: v128,
    },
    body: repeat("count", eachVector, increase("places", 8)),
  };
}
