/**
 * Softmax regression of some columns of a dense layer, with the others fixed: the twin of
 * `inkgrad/tuning/regression.py`, which derives it.
 *
 * @module
 */

/**
 * What columns are learnt from: features with a 1 behind them, log Σ e^z over the logits of the
 * columns that do not move, which of those that do is the row's class (−1 if none), and its weight.
 *
 * @typedef {{x: Float64Array, others: number, column: number, weight: number}} Row
 */

const RIDGE = 0.01;
const STEPS = 100;

/**
 * Return the columns, weights and then the bias, that 100 steps lead to.
 *
 * @param {Row[]} rows
 * @param {Float64Array[]} start
 * @returns {Float64Array[]}
 */
export function fit(rows, start) {
  const size = start[0].length;
  const ridge = new Float64Array(size).fill(RIDGE * Math.max(meanVariance(rows), 1e-12));
  ridge[size - 1] = 0; // a bias goes where it must
  const factor = cholesky(bound(rows, start.length === 1 ? 0.25 : 0.5, ridge));
  let columns = start;
  for (let step = 0; step < STEPS; step++) {
    const slopes = columns.map((column, j) =>
      column.map((value, f) => ridge[f] * (value - start[j][f])),
    );
    for (const { x, others, column, weight } of rows) {
      const logits = logitsOf(columns, x);
      const total = logSum(Float64Array.of(others, ...logits));
      for (let j = 0; j < logits.length; j++) {
        const slope = weight * (Math.exp(logits[j] - total) - (j === column ? 1 : 0));
        const to = slopes[j];
        for (let f = 0; f < size; f++) to[f] += slope * x[f];
      }
    }
    columns = columns.map((column, j) => {
      const move = solve(factor, slopes[j]);
      return column.map((value, f) => value - move[f]);
    });
  }
  return columns;
}

/**
 * Return the logits of a row by columns.
 *
 * @param {Float64Array[]} columns
 * @param {Float64Array} x
 * @returns {Float64Array}
 */
export function logitsOf(columns, x) {
  return Float64Array.from(columns, (column) => {
    let sum = 0;
    for (let f = 0; f < x.length; f++) sum += column[f] * x[f];
    return sum;
  });
}

/**
 * Return log Σ e^z without overflow; −∞ of nothing.
 *
 * @param {Float64Array} logits
 */
export function logSum(logits) {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  if (most === -Infinity) return most;
  return most + Math.log(logits.reduce((sum, z) => sum + Math.exp(z - most), 0));
}

/**
 * Return the mean variance of a feature.
 *
 * @param {Row[]} rows
 */
function meanVariance(rows) {
  const inputs = rows[0].x.length - 1;
  let sum = 0;
  for (let f = 0; f < inputs; f++) {
    const mean = rows.reduce((total, { x }) => total + x[f], 0) / rows.length;
    sum += rows.reduce((total, { x }) => total + (x[f] - mean) ** 2, 0) / rows.length;
  }
  return sum / inputs;
}

/**
 * Return what the second derivative of the loss nowhere exceeds, as rows of its lower triangle.
 *
 * @param {Row[]} rows
 * @param {number} curvature
 * @param {Float64Array} ridge
 */
function bound(rows, curvature, ridge) {
  const result = Array.from(ridge, (value, i) => {
    const row = new Float64Array(i + 1);
    row[i] = value;
    return row;
  });
  for (const { x, weight } of rows) {
    for (let i = 0; i < x.length; i++) {
      const to = result[i];
      const by = curvature * weight * x[i];
      if (by !== 0) for (let j = 0; j <= i; j++) to[j] += by * x[j];
    }
  }
  return result;
}

/**
 * Return the lower triangle L with A = L Lᵀ.
 *
 * @param {Float64Array[]} a
 */
function cholesky(a) {
  /** @type {Float64Array[]} */
  const l = [];
  a.forEach((row, i) => {
    const to = Float64Array.from(row);
    for (let j = 0; j <= i; j++) {
      const other = j < i ? l[j] : to;
      for (let k = 0; k < j; k++) to[j] -= to[k] * other[k];
      to[j] = j < i ? to[j] / other[j] : Math.sqrt(to[j]);
    }
    l.push(to);
  });
  return l;
}

/**
 * Return x with L Lᵀ x = b.
 *
 * @param {Float64Array[]} l
 * @param {Float64Array} b
 */
function solve(l, b) {
  const x = Float64Array.from(b);
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) x[i] -= l[i][j] * x[j];
    x[i] /= l[i][i];
  }
  for (let i = x.length - 1; i >= 0; i--) {
    x[i] /= l[i][i];
    for (let j = 0; j < i; j++) x[j] -= l[i][j] * x[i];
  }
  return x;
}
