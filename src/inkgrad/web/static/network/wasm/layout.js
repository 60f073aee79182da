/**
 * A network in the kernels' memory: what is computed by which kernel, and where everything lies.
 *
 * It is made once for a network. Convolutions, with a ReLU behind them, dense layers and pools by
 * the maximum are kernels' work; a dense layer is a convolution whose filters are as large as the
 * picture. What the kernels do not know, such as branches, groups and averages, the layers compute
 * in plain JavaScript, from numbers that are read from the memory and written there again.
 *
 * @module
 */

import { Conv2D } from "../../layers/conv.js";
import { Dense } from "../../layers/dense.js";
import { Flatten } from "../../layers/flatten.js";
import { volume } from "../../layers/layer.js";
import { MaxPool2D } from "../../layers/pool.js";
import { ReLU } from "../../layers/relu.js";
import { forward } from "../../layers/row.js";
import { BLOCK, TILE } from "./kernels.js";
import { NO_SIDES, Picture } from "./picture.js";

/** @typedef {import("../../layers/row.js").Stage} Stage */
/** @typedef {import("./kernels.js").Kernels} Kernels */
/** @typedef {Record<string, Float32Array>} Numbers by full name: "conv1.weight" */

/**
 * What a kernel is to do: a convolution, or a pool, of which `weight` is null. The weight of filter
 * k and cell i, in (channel, row, column) order, is `weight[k · filterStep + i · cellStep]`.
 *
 * @typedef {object} Job
 * @property {number[]} shape of the input, [channels, rows, columns]
 * @property {number[]} outputShape
 * @property {number[]} size
 * @property {number[]} stride
 * @property {number[]} dilation
 * @property {import("./picture.js").Sides} sides
 * @property {Float32Array | null} weight
 * @property {Float32Array | null} bias
 * @property {number} filterStep
 * @property {number} cellStep
 * @property {boolean} isRectified
 */

/** Stages that plain JavaScript computes. @typedef {{ stages: Stage[] }} Plain */

/**
 * Computes one part: from the numbers it is given, or from the memory where it is given null, to
 * numbers, or to the memory.
 *
 * @typedef {(memory: Float32Array, x: Float32Array | null) => Float32Array | null} Run
 */

const FLOAT = 4; // bytes, and as many has an address
const PAGE = 65536;
const MOST_BYTES = 2 ** 28; // what needs more is left to plain JavaScript
const VECTOR = 4; // floats

/** A network, ready to be computed by kernels. */
export class Layout {
  /** @type {{ address: number, data: Float32Array | Int32Array }[]} */
  #contents = []; // of the memory, besides the pictures
  /** @type {Picture[]} */
  #pictures = [];
  #bytes = 0; // laid out so far
  /** @type {Run[]} */
  #runs = [];
  /** @type {(memory: Float32Array) => Float32Array} what the last part was given */
  #readFeatures = () => new Float32Array(0);

  /**
   * @param {Stage[]} stages
   * @param {Numbers} numbers
   * @param {Kernels} kernels
   * @throws {RangeError} if the network is too large
   */
  constructor(stages, numbers, kernels) {
    this.kernels = kernels;
    const parts = split(stages, numbers);
    /** @type {Picture | null} */
    let input = null; // in the memory
    for (const [i, part] of parts.entries()) {
      input =
        "stages" in part
          ? this.#addPlain(part, input, numbers)
          : this.#addJob(part, input, parts[i + 1]);
    }
    if (input !== null) this.#runs.push(readFrom(input));
  }

  /**
   * Add what plain JavaScript computes; it returns numbers.
   *
   * @param {Plain} part
   * @param {Picture | null} input null if it is given numbers
   * @param {Numbers} numbers
   */
  #addPlain({ stages }, input, numbers) {
    /** @type {Float32Array} */
    let features;
    this.#runs.push((memory, x) => {
      const given = x ?? /** @type {Picture} */ (input).read(memory);
      const { outputs } = forward(stages, given, numbers);
      features = outputs[outputs.length - 2];
      return outputs[outputs.length - 1];
    });
    this.#readFeatures = () => features;
    return null;
  }

  /**
   * Add a kernel's job; its result goes where the next part wants it.
   *
   * @param {Job} job
   * @param {Picture | null} input null if it is given numbers
   * @param {Job | Plain | undefined} next
   */
  #addJob(job, input, next) {
    const from = input ?? this.#place(inputOf(job, stepFor(job)));
    if (input === null) this.#runs.push(writeTo(from));
    const shape = job.outputShape;
    const step = job.weight ? upTo(BLOCK, shape[0]) : from.step;
    const isJob = next !== undefined && !("stages" in next);
    const to = this.#place(isJob ? inputOf(next, step) : new Picture({ shape, step }));
    this.#runs.push(job.weight ? this.#convolve(job, from, to) : this.#pool(job, from, to));
    this.#readFeatures = (memory) => from.read(memory);
    return to;
  }

  /**
   * Write everything into the memory, which holds another network, or none.
   *
   * @throws {RangeError} if there is no room
   */
  write() {
    const { memory } = this.kernels;
    const missing = Math.ceil(this.#bytes / PAGE) - memory.buffer.byteLength / PAGE;
    if (missing > 0) memory.grow(missing);
    const floats = new Float32Array(memory.buffer, 0, this.#bytes / FLOAT).fill(0);
    for (const picture of this.#pictures) picture.pad(floats);
    for (const { address, data } of this.#contents) {
      const type = /** @type {typeof Float32Array | typeof Int32Array} */ (data.constructor);
      new type(memory.buffer, address, data.length).set(data);
    }
  }

  /**
   * Compute the network; `write` has written it.
   *
   * @param {Float32Array} x
   * @returns {{ logits: Float32Array, features: () => Float32Array }} what comes out, and a
   *   function that returns what the last layer was given if that is a dense one
   */
  run(x) {
    const memory = new Float32Array(this.kernels.memory.buffer);
    /** @type {Float32Array | null} */
    let values = x;
    for (const run of this.#runs) values = run(memory, values);
    return {
      logits: /** @type {Float32Array} */ (values), // the last run returns numbers
      features: () => this.#readFeatures(memory),
    };
  }

  /**
   * Find a place for a picture.
   *
   * @param {Picture} picture
   */
  #place(picture) {
    picture.address = this.#allot(picture.bytes);
    this.#pictures.push(picture);
    return picture;
  }

  /**
   * Put numbers into the memory.
   *
   * @param {Float32Array | Int32Array} data
   * @returns {number} their address
   */
  #put(data) {
    const address = this.#allot(data.byteLength);
    this.#contents.push({ address, data });
    return address;
  }

  /** @param {number} bytes */
  #allot(bytes) {
    this.#check(bytes);
    const address = this.#bytes;
    this.#bytes += upTo(16, bytes);
    return address;
  }

  /**
   * Refuse what would not fit, before it is made.
   *
   * @param {number} bytes
   */
  #check(bytes) {
    if (!(this.#bytes + bytes <= MOST_BYTES)) {
      throw new RangeError("the network is too large for kernels");
    }
  }

  /**
   * @param {Job} job
   * @param {Picture} from
   * @param {Picture} to
   * @returns {Run}
   */
  #convolve(job, from, to) {
    const [filters, rows, columns] = job.outputShape;
    const cells = cellsOf(job, from);
    // Columns of a filter that are not spread lie side by side, so each of its rows is one run.
    const isDense = job.dilation[1] === 1;
    const runs = isDense ? cells.filter((_, i) => i % job.size[1] === 0) : cells;
    const length = from.step * (isDense ? job.size[1] : 1);
    const blocks = Math.ceil(filters / BLOCK);
    this.#check(blocks * BLOCK * (cells.length * from.step + 1) * FLOAT);
    const weights = this.#put(pack(job, from.step));
    const table = this.#put(Int32Array.from(runs));
    const places = this.#put(placesOf(job, from, to));
    const tiles = Math.floor((rows * columns) / TILE);
    const rest = (rows * columns) % TILE;
    const single = places + tiles * TILE * 2 * FLOAT;
    const floor = job.isRectified ? 0 : -Infinity;
    const { convolveTiles, convolveSingly } = this.kernels;
    return () => {
      const given = /** @type {const} */ ([table, runs.length, length, weights, blocks, floor]);
      if (tiles > 0) convolveTiles(places, tiles, ...given);
      if (rest > 0) convolveSingly(single, rest, ...given);
      return null;
    };
  }

  /**
   * @param {Job} job
   * @param {Picture} from
   * @param {Picture} to
   * @returns {Run}
   */
  #pool(job, from, to) {
    const cells = cellsOf(job, from);
    const table = this.#put(Int32Array.from(cells));
    const data = placesOf(job, from, to);
    const places = this.#put(data);
    return () => {
      const { takeLargest } = this.kernels;
      takeLargest(places, data.length / 2, table, cells.length, from.step / VECTOR);
      return null;
    };
  }
}

/**
 * Split a row of stages into kernels' jobs and what plain JavaScript computes.
 *
 * @param {Stage[]} stages
 * @param {Numbers} numbers
 * @returns {(Job | Plain)[]}
 */
function split(stages, numbers) {
  /** @type {(Job | Plain)[]} */
  const parts = [];
  for (let i = 0; i < stages.length; ) {
    const isFlattened = stages[i].layer instanceof Flatten && stages[i + 1]?.layer instanceof Dense;
    const stage = isFlattened ? stages[i + 1] : stages[i];
    const job = jobOf(stage, stages[i].inputShape, numbers);
    const last = parts[parts.length - 1];
    if (job !== null) {
      i += isFlattened ? 2 : 1;
      job.isRectified = job.weight !== null && stages[i]?.layer instanceof ReLU;
      if (job.isRectified) i++;
      parts.push(job);
    } else {
      if (last !== undefined && "stages" in last) last.stages.push(stages[i]);
      else parts.push({ stages: [stages[i]] });
      i++;
    }
  }
  return parts;
}

/**
 * Return what a kernel has to do for a stage; null if none can do it.
 *
 * @param {Stage} stage
 * @param {number[]} inputShape what it is given, before a `Flatten`
 * @param {Numbers} numbers
 * @returns {Job | null}
 */
function jobOf({ layer, name, outputShape }, inputShape, numbers) {
  const weight = numbers[`${name}.weight`] ?? null;
  const bias = numbers[`${name}.bias`] ?? null;
  const isRectified = false; // until a ReLU is found behind it
  if (layer instanceof Dense) {
    const shape = inputShape.length === 3 ? inputShape : [volume(inputShape), 1, 1];
    const size = shape.slice(1);
    const steps = { filterStep: 1, cellStep: layer.outputs };
    return {
      ...{ shape, outputShape: [layer.outputs, 1, 1], size, stride: [1, 1], dilation: [1, 1] },
      ...{ sides: NO_SIDES, weight, bias, ...steps, isRectified },
    };
  }
  if (layer instanceof Conv2D && layer.groups === 1) {
    const { size, stride, dilation, sides } = layer;
    const steps = { filterStep: inputShape[0] * volume(size), cellStep: 1 };
    return {
      ...{ shape: inputShape, outputShape, size, stride, dilation, sides },
      ...{ weight, bias, ...steps, isRectified },
    };
  }
  if (layer instanceof MaxPool2D) {
    const { size, stride, padding } = layer;
    const [rows, columns] = padding;
    return {
      ...{ shape: inputShape, outputShape, size, stride, dilation: [1, 1] },
      sides: [
        [rows, rows],
        [columns, columns],
      ],
      ...{ weight: null, bias: null, filterStep: 0, cellStep: 0, isRectified },
    };
  }
  return null;
}

/**
 * Return the picture that a job reads. A pool's padding never wins.
 *
 * @param {Job} job
 * @param {number} step
 */
function inputOf({ shape, sides, weight }, step) {
  return new Picture({ shape, step, sides, padding: weight === null ? -Infinity : 0 });
}

/**
 * Return how many floats a cell of a picture takes that is written for a job, not by one.
 *
 * @param {Job} job
 */
function stepFor({ shape: [channels], weight }) {
  return weight === null ? upTo(VECTOR, channels) : channels;
}

/**
 * Return how far each cell of a window lies from its beginning, in bytes.
 *
 * @param {Job} job
 * @param {Picture} from
 */
function cellsOf({ size: [rows, columns], dilation }, from) {
  return Array.from({ length: rows * columns }, (_, n) => {
    const [row, column] = [Math.floor(n / columns), n % columns];
    return from.distance(dilation[0] * row, dilation[1] * column);
  });
}

/**
 * Return, for each place, where its window begins and where its result goes.
 *
 * @param {Job} job
 * @param {Picture} from
 * @param {Picture} to
 */
function placesOf({ outputShape: [, rows, columns], stride, sides }, from, to) {
  const places = new Int32Array(2 * rows * columns);
  let at = 0;
  for (let u = 0; u < rows; u++) {
    for (let v = 0; v < columns; v++) {
      places[at++] = from.addressOf(stride[0] * u - sides[0][0], stride[1] * v - sides[1][0]);
      places[at++] = to.addressOf(u, v);
    }
  }
  return places;
}

/**
 * Return weights as the kernels want them: in blocks of filters, of each the biases, and then for
 * each number of a patch the weights of all filters. Where there is no filter or channel any more,
 * they are 0.
 *
 * @param {Job} job
 * @param {number} step how many numbers a cell has
 */
function pack({ shape: [channels], outputShape: [filters], size, ...job }, step) {
  const { filterStep, cellStep } = job;
  const weight = /** @type {Float32Array} */ (job.weight);
  const area = volume(size);
  const each = BLOCK * (1 + area * step); // of a block
  const packed = new Float32Array(Math.ceil(filters / BLOCK) * each);
  for (let first = 0; first < filters; first += BLOCK) {
    const end = Math.min(first + BLOCK, filters);
    const start = (first / BLOCK) * each;
    if (job.bias !== null) packed.set(job.bias.subarray(first, end), start);
    for (let cell = 0; cell < area; cell++) {
      let at = start + BLOCK * (1 + cell * step);
      for (let c = 0; c < channels; c++, at += BLOCK) {
        const from = (c * area + cell) * cellStep;
        for (let k = first; k < end; k++) packed[at + k - first] = weight[k * filterStep + from];
      }
    }
  }
  return packed;
}

/**
 * @param {Picture} picture
 * @returns {Run}
 */
function writeTo(picture) {
  return (memory, x) => {
    picture.write(memory, /** @type {Float32Array} */ (x));
    return null;
  };
}

/**
 * @param {Picture} picture
 * @returns {Run}
 */
function readFrom(picture) {
  return (memory) => picture.read(memory);
}

/**
 * Return the next multiple of a number.
 *
 * @param {number} multiple
 * @param {number} least
 */
function upTo(multiple, least) {
  return Math.ceil(least / multiple) * multiple;
}
