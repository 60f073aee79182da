/**
 * Classes added to the last dense layer, and refined in it, from a few drawings.
 *
 * The twin of `inkgrad/tuning`, where the method is told: softmax regression on what the model
 * remembers of its old drawings and on the features of the new ones. Tests hold both equal.
 *
 * @module
 */

import { ModelError } from "../errors.js";
import { fit, logSum, logitsOf } from "./regression.js";

/** @typedef {import("./features.js").Features} Features */
/** @typedef {import("./regression.js").Row} Row */

/**
 * A last dense layer: (inputs × classes) weights, row after row, and what is remembered.
 *
 * @typedef {{weight: Float32Array, bias: Float32Array, features: Features | null}} Head
 */

/**
 * A changed layer, and how many of the drawings are recognised by what was learnt from the others,
 * a fifth being held out at a time.
 *
 * @typedef {{head: Head, found: number}} Change
 */

/**
 * A row of features of a class (−1 for a new one), with what the layer says of it before it
 * changes: `best` is the largest logit, `isRight` whether it is its class's.
 *
 * @typedef {object} Seen
 * @property {Float64Array} x
 * @property {Float64Array} logits
 * @property {number} label
 * @property {number} best
 * @property {boolean} isRight
 */

const SHARE = 0.1; // what all drawings of one class weigh; all that is remembered weighs the rest
const LOST = 0.01; // of what is remembered may be lost
const FOLDS = 5;
const FOUND = 0.95; // of the rows of a new class are enough
const WAYS = [1, 0.5, 0.25, 0.125, 0]; // how much of its way a refined column may go

/**
 * Return the layer with a column for a new class.
 *
 * @param {Head} head
 * @param {Float32Array[][]} drawings the features of each drawing of it, as it is and in variants
 * @returns {Change}
 * @throws {ModelError} if nothing is remembered of the old classes, or there are too few drawings
 */
export function addClass(head, drawings) {
  const { old, drawn, inputs, classes } = seenIn(head, drawings, -1);
  const start = meanColumn(head, inputs);
  const learn = (/** @type {Seen[]} */ rows, /** @type {Seen[][]} */ of) =>
    fit(
      rowsOf(rows, of, () => -1, []),
      [start],
    )[0];
  const column = learn(old, drawn);

  /** @type {number[]} */
  const losing = [];
  /** @type {number[][]} */
  const gaps = drawn.map(() => []);
  for (const fold of folds(drawn)) {
    const held = learn(old.filter(fold.isKept), drawn.filter(fold.isKept));
    const gapOf = (/** @type {Seen} */ { x, best }) => logitsOf([held], x)[0] - best;
    losing.push(...old.filter((row, i) => row.isRight && !fold.isKept(row, i)).map(gapOf));
    drawn.forEach((variants, i) => {
      if (!fold.isKept(variants, i)) gaps[i] = variants.map(gapOf);
    });
  }
  // Moved by more than −gap, the class wins the row.
  losing.sort((a, b) => b - a);
  const own = gaps.flat().sort((a, b) => a - b);
  const enough = -own[Math.floor((1 - FOUND) * own.length)];
  const allowed = Math.floor(LOST * old.length);
  const most = losing.length > allowed ? -losing[allowed] : enough;
  const shift = Math.min(most, (most + enough) / 2);
  column[inputs] += shift;

  const n = old.length / classes;
  const features = { examples: joined([examplesOf(head), kept(drawings, n)]) };
  const found = gaps.filter(([itself]) => itself + shift > 0).length;
  return { head: { ...withColumn(head, column, classes), features }, found };
}

/**
 * Return the layer with the column of a class moved towards more drawings of it.
 *
 * @param {Head} head
 * @param {Float32Array[][]} drawings the features of each drawing, as it is and in variants
 * @param {number} label
 * @returns {Change}
 * @throws {ModelError} if nothing is remembered, or there are too few drawings
 */
export function refineClass(head, drawings, label) {
  const { old, drawn, inputs, classes } = seenIn(head, drawings, label);
  const n = old.length / classes;
  const start = columnOf(head, label, inputs);
  const columnOfRow = (/** @type {Seen} */ row) => (row.label === label ? 0 : -1);
  const learn = (/** @type {Seen[]} */ rows, /** @type {Seen[][]} */ of) =>
    fit(rowsOf(rows, of, columnOfRow, [label]), [start])[0];
  const column = learn(old, drawn);

  const learnt = folds(drawn).map((fold) => ({
    column: learn(old.filter(fold.isKept), drawn.filter(fold.isKept)),
    rows: old.filter((row, i) => row.isRight && !fold.isKept(row, i)),
    drawn: drawn.filter((row, i) => !fold.isKept(row, i)).map(([itself]) => itself),
  }));
  let [way, found] = [0, 0];
  for (way of WAYS) {
    const read = (/** @type {Float64Array} */ to, /** @type {Seen} */ row) => {
      const logits = row.logits.slice();
      logits[label] = logitsOf([between(start, to, way)], row.x)[0];
      return largest(logits);
    };
    const lost = learnt.flatMap((one) =>
      one.rows.filter((row) => read(one.column, row) !== row.label),
    );
    found = learnt.flatMap((one) =>
      one.drawn.filter((row) => read(one.column, row) === label),
    ).length;
    if (lost.length <= Math.floor(LOST * old.length)) break;
  }

  const examples = examplesOf(head).slice();
  const fresh = Math.floor(n / 2);
  const rows = kept(drawings, fresh);
  for (let i = 0; i < fresh; i++) {
    const at = label * n + 2 * i + 1;
    examples.set(rows.subarray(i * inputs, (i + 1) * inputs), at * inputs);
  }
  const moved = withColumn(head, between(start, column, way), label);
  return { head: { ...moved, features: { examples } }, found };
}

/**
 * Return what the layer says of rows of features: their logits.
 *
 * @param {Head} head
 * @param {Float32Array[]} rows
 * @returns {Float64Array[]}
 */
export function logitsBy(head, rows) {
  const table = columnsOf(head, head.weight.length / head.bias.length);
  return rows.map((row) => logitsOf(table, withOne(row)));
}

/**
 * Return what is remembered and the drawings' rows with what the layer says of them.
 *
 * @param {Head} head
 * @param {Float32Array[][]} drawings
 * @param {number} label of the drawings
 */
function seenIn(head, drawings, label) {
  const examples = examplesOf(head);
  const classes = head.bias.length;
  const inputs = head.weight.length / classes;
  if (drawings.length < 2) {
    throw new ModelError("a class has less than 2 drawings; give at least 2");
  }
  const fits = drawings.every((variants) => variants.every((row) => row.length === inputs));
  if (examples.length % (inputs * classes) !== 0 || !fits) {
    throw new ModelError(
      `the features do not fit the last layer, which has ${inputs} inputs and ${classes} classes`,
    );
  }
  const table = columnsOf(head, inputs);
  /** @type {(row: Float32Array, label: number) => Seen} */
  const see = (row, of) => {
    const x = withOne(row);
    const logits = logitsOf(table, x);
    const read = largest(logits);
    return { x, logits, label: of, best: logits[read], isRight: read === of };
  };
  const count = examples.length / inputs;
  const old = [...Array(count).keys()].map((i) =>
    see(examples.subarray(i * inputs, (i + 1) * inputs), Math.floor((i * classes) / count)),
  );
  const drawn = drawings.map((variants) => variants.map((row) => see(row, label)));
  return { old, drawn, inputs, classes };
}

/**
 * @param {Head} head
 * @returns {Float32Array}
 */
function examplesOf({ features }) {
  if (features === null || features === undefined) {
    throw new ModelError(
      "this model does not remember what its drawings looked like, which a class needs to be " +
        "added or refined; train it anew with this version of inkgrad",
    );
  }
  return features.examples;
}

/**
 * Return the rows that a column is learnt from.
 *
 * @param {Seen[]} old
 * @param {Seen[][]} drawn
 * @param {(row: Seen) => number} columnOfRow of the old ones: 0, or −1 for another class
 * @param {number[]} moving the classes whose columns move
 * @returns {Row[]}
 */
function rowsOf(old, drawn, columnOfRow, moving) {
  const rows = drawn.flat();
  const row = (
    /** @type {Seen} */ { x, logits },
    /** @type {number} */ column,
    /** @type {number} */ weight,
  ) => ({
    x,
    others: logSum(logits.filter((_, k) => !moving.includes(k))),
    column,
    weight,
  });
  return [
    ...old.map((seen) => row(seen, columnOfRow(seen), (1 - SHARE) / old.length)),
    ...rows.map((seen) => row(seen, 0, SHARE / rows.length)),
  ];
}

/**
 * Return the parts that are held out, each by what tells whether a place is kept.
 *
 * @param {unknown[]} drawn
 */
function folds(drawn) {
  const count = Math.min(FOLDS, drawn.length);
  return [...Array(count).keys()].map((fold) => ({
    isKept: (/** @type {unknown} */ _, /** @type {number} */ place) => place % count !== fold,
  }));
}

/**
 * Return rows to remember: the drawings as they are, and then variants; repeated, if there are few.
 *
 * @param {Float32Array[][]} drawings
 * @param {number} count
 */
function kept(drawings, count) {
  const rows = drawings[0].flatMap((_, v) => drawings.map((variants) => variants[v]));
  return joined([...Array(count).keys()].map((i) => rows[i % rows.length]));
}

/** @param {Float32Array[]} parts */
function joined(parts) {
  const result = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/**
 * Return a class's weights and then its bias.
 *
 * @param {Head} head
 * @param {number} label
 * @param {number} inputs
 */
function columnOf({ weight, bias }, label, inputs) {
  return Float64Array.from({ length: inputs + 1 }, (_, f) =>
    f < inputs ? weight[f * bias.length + label] : bias[label],
  );
}

/**
 * Return the columns of all classes.
 *
 * @param {Head} head
 * @param {number} inputs
 */
function columnsOf(head, inputs) {
  return Array.from(head.bias, (_, label) => columnOf(head, label, inputs));
}

/**
 * Return a row of features with a 1 behind it, which meets the bias.
 *
 * @param {Float32Array} row
 */
function withOne(row) {
  return Float64Array.from({ length: row.length + 1 }, (_, f) => (f < row.length ? row[f] : 1));
}

/**
 * @param {Head} head
 * @param {number} inputs
 */
function meanColumn(head, inputs) {
  const classes = head.bias.length;
  const sum = new Float64Array(inputs + 1);
  for (const column of columnsOf(head, inputs)) {
    column.forEach((value, f) => {
      sum[f] += value / classes;
    });
  }
  return sum;
}

/**
 * Return a layer's weights and biases with a column put in its place.
 *
 * @param {Head} head
 * @param {Float64Array} column
 * @param {number} label
 */
function withColumn({ weight, bias }, column, label) {
  const classes = bias.length;
  const wider = Math.max(classes, label + 1);
  const inputs = column.length - 1;
  const result = new Float32Array(inputs * wider);
  for (let f = 0; f < inputs; f++) {
    result.set(weight.subarray(f * classes, (f + 1) * classes), f * wider);
    result[f * wider + label] = column[f];
  }
  const biases = new Float32Array(wider);
  biases.set(bias);
  biases[label] = column[inputs];
  return { weight: result, bias: biases };
}

/**
 * @param {Float64Array} from
 * @param {Float64Array} to
 * @param {number} way from 0 to 1
 */
function between(from, to, way) {
  return from.map((value, f) => value + way * (to[f] - value));
}

/** @param {Float64Array} values */
function largest(values) {
  return values.reduce((best, value, k) => (value > values[best] ? k : best), 0);
}
