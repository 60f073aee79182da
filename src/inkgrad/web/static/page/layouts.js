/**
 * Where each number of an array stands in its picture: maps of rows and columns, side by side.
 *
 * @module
 */

/**
 * @typedef {object} Layout
 * @property {number} maps
 * @property {number} rows of one map
 * @property {number} columns of one map
 * @property {number} length how many numbers there are
 * @property {number} across 0, or in how many columns the maps must stand (each from top to bottom)
 * @property {(cell: number) => [number, number, number]} place number → map, row, column
 * @property {(map: number, row: number, column: number) => number} cell the same back; −1 if none
 */

/**
 * Lay out feature maps (maps, rows, columns), or filters (filters, maps, rows, columns): those with
 * one filter a column.
 *
 * @param {number[]} shape
 * @returns {Layout}
 */
export function pictures(shape) {
  const [rows, columns] = shape.slice(-2);
  const maps = product(shape.slice(0, -2));
  const across = shape.length === 4 && shape[1] > 1 ? shape[0] : 0;
  return {
    maps,
    rows,
    columns,
    length: maps * rows * columns,
    across,
    place: (cell) => [
      Math.floor(cell / (rows * columns)),
      Math.floor(cell / columns) % rows,
      cell % columns,
    ],
    cell: (map, row, column) => (map * rows + row) * columns + column,
  };
}

/**
 * Lay out one long row of numbers, wrapped as text is.
 *
 * @param {number} length
 * @param {number} [aspect] how many times wider than high it should be
 * @returns {Layout}
 */
export function strip(length, aspect = 8) {
  const columns = wrapped(length, aspect);
  return {
    maps: 1,
    rows: Math.ceil(length / columns),
    columns,
    length,
    across: 0,
    place: (cell) => [0, Math.floor(cell / columns), cell % columns],
    cell: (_, row, column) => (row * columns + column < length ? row * columns + column : -1),
  };
}

/**
 * Lay out a dense layer's weights (inputs, outputs): one picture an output, the inputs wrapped.
 *
 * @param {number[]} shape
 * @returns {Layout}
 */
export function fans([inputs, outputs]) {
  const columns = wrapped(inputs, 1);
  return {
    maps: outputs,
    rows: Math.ceil(inputs / columns),
    columns,
    length: inputs * outputs,
    across: 0,
    place: (cell) => {
      const input = Math.floor(cell / outputs);
      return [cell % outputs, Math.floor(input / columns), input % columns];
    },
    cell: (map, row, column) => {
      const input = row * columns + column;
      return input < inputs ? input * outputs + map : -1;
    },
  };
}

/**
 * Choose the layout for numbers of some shape.
 *
 * @param {number[]} shape of a layer's output, or of a weight or bias
 * @returns {Layout}
 */
export function layoutOf(shape) {
  if (shape.length === 1) return strip(shape[0]);
  return shape.length === 2 ? fans(shape) : pictures(shape);
}

/**
 * Choose in how many columns maps stand, so that each is about `wish` wide and no row is half
 * empty.
 *
 * @param {Layout} layout
 * @param {number} width that there is
 * @param {number} wish width of one map
 * @returns {number}
 */
export function columnsFor(layout, width, wish) {
  if (layout.across) return layout.across;
  const most = Math.max(1, Math.min(layout.maps, Math.round(width / wish)));
  for (let columns = most; columns > most / 2; columns--) {
    if (layout.maps % columns === 0) return columns;
  }
  return most;
}

/** Return a number of columns that gives the aspect, and full rows if it can. */
function wrapped(length, aspect) {
  const wish = Math.max(1, Math.min(length, Math.round(Math.sqrt(length * aspect))));
  for (let off = 0; off < wish / 2; off++) {
    if (length % (wish + off) === 0) return wish + off;
    if (length % (wish - off) === 0) return wish - off;
  }
  return wish;
}

function product(numbers) {
  return numbers.reduce((total, number) => total * number, 1);
}
