/**
 * A picture in the kernels' memory: its channels together, its padding around it.
 *
 * @module
 */

/** @typedef {[[number, number], [number, number]]} Sides [[top, bottom], [left, right]] */

const FLOAT = 4; // bytes

/** Where the numbers of a picture lie, [row][column][channel]. */
export class Picture {
  /**
   * @param {object} settings
   * @param {number[]} settings.shape [channels, rows, columns]; a row of numbers is [numbers, 1, 1]
   * @param {number} settings.step how many floats lie from one cell to the next: its channels, and
   *   zeros up to what the kernels want
   * @param {Sides} [settings.sides] how many cells of padding there are
   * @param {number} [settings.padding] the number that they hold
   */
  constructor({ shape, step, sides = NO_SIDES, padding = 0 }) {
    const [, rows, columns] = shape;
    this.shape = shape;
    this.step = step;
    this.sides = sides;
    this.padding = padding;
    this.columns = columns + sides[1][0] + sides[1][1]; // in memory
    this.cells = (rows + sides[0][0] + sides[0][1]) * this.columns;
    /** Where it begins, in bytes; a `Layout` says it. */
    this.address = 0;
  }

  /** How many bytes it takes. */
  get bytes() {
    return this.cells * this.step * FLOAT;
  }

  /**
   * Return how many bytes one cell lies behind another that is so many rows and columns before it.
   *
   * @param {number} rows
   * @param {number} columns
   */
  distance(rows, columns) {
    return (rows * this.columns + columns) * this.step * FLOAT;
  }

  /**
   * Return the address of a cell's first channel; cells of the padding have negative numbers, or
   * numbers beyond the shape's.
   *
   * @param {number} row
   * @param {number} column
   */
  addressOf(row, column) {
    const [[top], [left]] = this.sides;
    return this.address + this.distance(row + top, column + left);
  }

  /**
   * Write the padding; the memory holds zeros, which stay where there are no channels any more.
   *
   * @param {Float32Array} memory
   */
  pad(memory) {
    if (this.padding === 0) return;
    const [, rows, columns] = this.shape;
    const start = this.address / FLOAT;
    memory.fill(this.padding, start, start + this.cells * this.step);
    for (let row = 0; row < rows; row++) {
      memory.fill(0, this.addressOf(row, 0) / FLOAT, this.addressOf(row, columns) / FLOAT);
    }
  }

  /**
   * Write a picture.
   *
   * @param {Float32Array} memory
   * @param {Float32Array} x in (channel, row, column) order
   */
  write(memory, x) {
    this.#each((at, i) => {
      memory[at] = x[i];
    });
  }

  /**
   * Return the picture.
   *
   * @param {Float32Array} memory
   * @returns {Float32Array} in (channel, row, column) order
   */
  read(memory) {
    const [channels, rows, columns] = this.shape;
    const x = new Float32Array(channels * rows * columns);
    this.#each((at, i) => {
      x[i] = memory[at];
    });
    return x;
  }

  /** @param {(at: number, i: number) => void} visit a number: where it lies, its place in order */
  #each(visit) {
    const [channels, rows, columns] = this.shape;
    let i = 0;
    for (let c = 0; c < channels; c++) {
      for (let row = 0; row < rows; row++) {
        let at = this.addressOf(row, 0) / FLOAT + c;
        for (let column = 0; column < columns; column++, at += this.step) visit(at, i++);
      }
    }
  }
}

/** No padding. @type {Sides} */
export const NO_SIDES = [
  [0, 0],
  [0, 0],
];
