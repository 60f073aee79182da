/**
 * Branches side by side: rows of layers that are given the same input, and joined again.
 *
 * The twin of `inkgrad/layers/parallel.py`.
 *
 * @module
 */

import { ShapeError, inShort } from "../errors.js";
import { MOST_TERMS, box, largest, placeOf, source, sum } from "./explanation.js";
import { indexed, letter, row, sign, slope, total } from "./formula.js";
import { inParentheses, zerosLike } from "./layer.js";
import {
  backward as backwardInARow,
  configOf,
  endOf,
  forward as forwardInARow,
  makeStages,
  shapesOf,
} from "./row.js";

/** @typedef {import("./explanation.js").Layer} Layer */
/** @typedef {import("./explanation.js").Scene} Scene */
/** @typedef {import("./explanation.js").LearnedScene} LearnedScene */
/** @typedef {import("./explanation.js").Explained} Explained */
/** @typedef {import("./formula.js").Formula} Formula */
/** @typedef {import("./formula.js").Tree} Tree */
/** @typedef {import("./layer.js").Floats} Floats */
/** @typedef {import("./layer.js").Kind} Kind */
/** @typedef {import("./layer.js").Make} Make */
/** @typedef {import("./layer.js").Operation} Operation */
/** @typedef {import("./layer.js").Say} Say */
/** @typedef {import("./layer.js").Shape} Shape */
/** @typedef {import("./layer.js").Words} Words */
/** @typedef {import("./row.js").Stage} Stage */

/**
 * What a forward pass leaves of its branches: their stages and passes, and how many channels each
 * has in what is concatenated.
 *
 * @template {Floats} [T=any]
 * @typedef {{ branches: ({ stages: Stage[] } & import("./row.js").Pass<T>)[], widths: number[] }}
 *   Saved
 */

const JOINS = ["add", "concatenate"];

/** A branch's function with its argument. @type {(k: string) => Tree[]} */
const branch = (k) => [indexed("f", k), sign("("), letter("x"), sign(")")];

/** What is computed, and its derivatives. @type {Record<string, Formula>} */
const FORMULAS = {
  y: {
    name: "Parallel branches",
    tree: row(
      letter("y"),
      sign("="),
      total(letter("k")),
      ...branch("k"),
      ["mtext", "\u00a0 or \u00a0"],
      letter("y"),
      sign("="),
      sign("["),
      ...branch("1"),
      sign(";"),
      ...branch("2"),
      sign(";"),
      sign("…"),
      sign("]"),
    ),
    letters: "k: branch. x: what every branch is given. [ ; ]: maps side by side",
  },
  dx: {
    name: "Back through parallel branches",
    tree: row(
      slope(letter("x")),
      sign("="),
      total(letter("k")),
      slope(indexed("y", "k")),
      sign("·"),
      ["mfrac", row(letter("d"), indexed("f", "k")), row(letter("d"), letter("x"))],
    ),
    letters: "k: branch. yₖ: what branch k gave, a term of the sum or some of the maps",
  },
};

/** What the layer does, forward and backward. @type {Words} */
const WORDS = {
  y: ({ settings }) => {
    const { branches } = /** @type {{ branches: { type: string }[][] }} */ (settings);
    const names = branches.map((layers) => layers.map((each) => each.type).join(" → "));
    const joined = settings.join === "add" ? "added up" : "put side by side";
    const listed = names.map((name, k) => `${k + 1}: ${name || "as it is"}`).join("; ");
    return `Each branch is given the same numbers; what they give is ${joined}. ${listed}.`;
  },
  back: "back through the branches",
  dx: () => "What the branches send back is added up.",
};

/** What is said of one number, by what was explained of it. @type {Record<string, Say>} */
const SAYS = {
  y: (e) =>
    e.parts === undefined
      ? `One of the numbers that branch ${e.branch} gives.`
      : "What every branch gives here, added up.",
  dx: () => "Every branch was given this number: what they send back is added up.",
};

/** Rows of layers with one input; their outputs are added, or put side by side. */
export class Parallel {
  static shortName = "parallel";
  static needed = ["branches"];
  static optional = ["join"];
  static formulas = FORMULAS;
  static words = WORDS;
  static says = SAYS;

  /** @type {Map<string, Stage[][]>} worked out once for a shape */
  #rows = new Map();

  /**
   * @param {{ branches: Operation[][], join?: unknown }} settings as in Python; an empty branch is
   *   the identity
   */
  constructor({ branches, join = "add" }) {
    if (branches.length === 0) {
      throw new ShapeError("branches is []; give at least one row of layers, such as []");
    }
    if (typeof join !== "string" || !JOINS.includes(join)) {
      throw new ShapeError(`join is ${inShort(join)}; give one of ${JOINS.join(", ")}`);
    }
    this.branches = branches;
    this.join = join;
  }

  /**
   * Return the settings with every branch's layers made.
   *
   * @param {Record<string, unknown>} settings
   * @param {Make} make
   * @returns {Record<string, unknown>}
   */
  static withLayers(settings, make) {
    const { branches } = settings;
    if (!Array.isArray(branches) || !branches.every(Array.isArray)) {
      throw new ShapeError("branches must be a list of rows of layers, each a list");
    }
    const made = branches.map((entries, k) =>
      entries.map((/** @type {unknown} */ entry, /** @type {number} */ position) =>
        make(entry, `branch ${k + 1}, layer ${position + 1}`),
      ),
    );
    return { ...settings, branches: made };
  }

  /** Return the settings as plain values. @returns {Record<string, unknown>} */
  plainSettings() {
    return {
      branches: this.branches.map((layers) => layers.map(configOf)),
      join: this.join,
    };
  }

  /**
   * Return the stages of each branch.
   *
   * @param {Shape} inputShape
   * @returns {Stage[][]}
   * @throws {ShapeError} naming the branch and the layer that does not fit
   */
  rows(inputShape) {
    const key = String(inputShape);
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    const rows = this.branches.map((layers, k) => {
      try {
        return makeStages(layers, inputShape);
      } catch (error) {
        if (!(error instanceof ShapeError)) throw error;
        throw new ShapeError(`branch ${k + 1}, ${error.message}`);
      }
    });
    this.#rows.set(key, rows);
    return rows;
  }

  /**
   * Return the shape of the sum, or with the channels of all branches.
   *
   * @param {Shape} inputShape
   * @returns {Shape}
   */
  outputShape(inputShape) {
    const shapes = this.rows(inputShape).map((stages) => endOf(stages, inputShape));
    const listed = () => shapes.map(inParentheses).join(" and ");
    if (this.join === "add") {
      if (!areAlike(shapes)) {
        throw new ShapeError(
          `branches that are added must give one shape, but they give ${listed()}`,
        );
      }
      return shapes[0];
    }
    const rest = shapes.map((shape) => shape.slice(1));
    if (!areAlike(rest)) {
      throw new ShapeError(
        "branches that are concatenated must give pictures of one size, " +
          `but they give ${listed()}`,
      );
    }
    return [sum(shapes.map(([channels]) => channels)), ...rest[0]];
  }

  /**
   * Return those of all branches, by their names with dots.
   *
   * @param {Shape} inputShape
   * @returns {Record<string, Shape>}
   */
  parameterShapes(inputShape) {
    return prefixed(this.rows(inputShape).map((stages) => shapesOf(stages, "parameterShapes")));
  }

  /**
   * Return those of all branches, by their names with dots.
   *
   * @param {Shape} inputShape
   * @returns {Record<string, Shape>}
   */
  stateShapes(inputShape) {
    return prefixed(this.rows(inputShape).map((stages) => shapesOf(stages, "stateShapes")));
  }

  /**
   * Return the sum over the branches.
   *
   * @param {Shape} inputShape
   */
  multiplyAdds(inputShape) {
    return sum(this.rows(inputShape).flatMap((stages) => stages.map((each) => each.multiplyAdds)));
  }

  /**
   * Return the branches' outputs, joined.
   *
   * @template {Floats} T
   * @param {T} x
   * @param {Shape} inputShape
   * @param {Record<string, Floats>} numbers
   * @returns {{ y: T, saved: Saved<T> }}
   */
  forward(x, inputShape, numbers) {
    const branches = this.rows(inputShape).map((stages, k) => ({
      stages,
      ...forwardInARow(stages, x, own(numbers, k)),
    }));
    const given = branches.map(({ outputs }) => outputs[outputs.length - 1]);
    if (this.join === "add") return { y: added(given), saved: { branches, widths: [] } };
    const widths = given.map((each) => each.length);
    const y = zerosLike(x, sum(widths));
    let first = 0;
    for (const each of given) {
      y.set(each, first);
      first += each.length;
    }
    return { y, saved: { branches, widths } };
  }

  /**
   * Return dx, the sum of what the branches send back, and the branches' gradients.
   *
   * @template {Floats} T
   * @param {T} dy
   * @param {Saved<T>} saved
   * @returns {{ dx: T, gradients: Record<string, T> }}
   */
  backward(dy, saved) {
    const ways = sentBack(dy, saved);
    return {
      dx: added(ways.map(({ derivatives }) => derivatives[0])),
      gradients: prefixed(ways.map(({ gradients }) => gradients)),
    };
  }

  /**
   * y = Σ f_k(x), or one of the numbers of one branch.
   *
   * @param {Layer} layer
   * @param {Scene} scene
   * @param {number} index
   * @param {number} cell
   * @param {Make} make
   * @returns {Explained}
   */
  static explain(layer, scene, index, cell, make) {
    const { branches, widths } = passOf(layer, scene, index, make);
    const given = branches.map(({ outputs }) => outputs[outputs.length - 1]);
    if (widths.length === 0) {
      const terms = given.map((each, k) => ({ ...named(branches[k], k), sum: each[cell] }));
      const same = branches.filter(({ stages }) => stages.length === 0).map(() => box(cell));
      return { ...summed(terms), sources: [source("outputs", index, same)] };
    }
    const { k, at } = branchOf(widths, cell);
    const { stages } = branches[k];
    return {
      ...named(branches[k], k),
      place: placeOf(endOf(stages, layer.inputShape), at),
      value: given[k][at],
      sources: [source("outputs", index, stages.length === 0 ? [box(at)] : [])],
    };
  }

  /**
   * dL/dx = Σ of what the branches send back.
   *
   * @param {Layer} layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} cell
   * @param {Make} make
   * @returns {Explained}
   */
  static explainDerivative(layer, scene, index, cell, make) {
    const { branches, widths } = passOf(layer, scene, index, make);
    const ways = lessonOf(layer, scene, index, make);
    const terms = ways.map(({ derivatives }, k) => ({
      ...named(branches[k], k),
      sum: derivatives[0][cell],
    }));
    const before = widths.map((_, k) => sum(widths.slice(0, k))); // a branch's first number
    const boxes = branches.flatMap(({ stages }, k) =>
      stages.length === 0 ? [box((before[k] ?? 0) + cell)] : [],
    );
    return { ...summed(terms), sources: [source("derivatives", index + 1, boxes)] };
  }

  /**
   * Explain the gradient of a parameter of one of the branches, as its own layer does.
   *
   * @param {string} parameter "2.conv1.weight"
   * @param {Layer} layer
   * @param {LearnedScene} scene
   * @param {number} index
   * @param {number} cell
   * @param {Make} make
   * @returns {Explained} of the kind that the layer gives; its sources are not in this scene
   */
  static explainGradient(parameter, layer, scene, index, cell, make) {
    const { k, at, stage, short } = ownerOf(layer, parameter, make);
    const { stages, outputs } = passOf(layer, scene, index, make).branches[k];
    const inside = {
      ...scene,
      layers: stages,
      parameters: own(own(scene.parameters, layer.name), k),
      statistics: own(own(scene.statistics, layer.name), k),
      outputs,
      ...lessonOf(layer, scene, index, make)[k],
    };
    const kind = /** @type {Kind} */ (stage.layer.constructor);
    const explained = kind.explainGradient?.(short, stage, inside, at, cell, make);
    return {
      kind: `${stage.type}.${short}`,
      .../** @type {Explained} */ (explained),
      sources: [],
    };
  }
}

/**
 * Find the layer within a branch that a parameter belongs to.
 *
 * @param {Layer} layer of type "Parallel"
 * @param {string} parameter "2.conv1.weight"
 * @param {Make} make
 * @returns {{ k: number, at: number, stage: Stage, short: string }} the branch's index, the layer's
 *   place in it, the layer, and what the parameter is called there: "weight"
 */
export function ownerOf(layer, parameter, make) {
  const [number, name, ...rest] = parameter.split(".");
  const k = Number(number) - 1;
  const stages = operationOf(layer, make).rows(layer.inputShape)[k];
  const at = stages.findIndex((stage) => stage.name === name);
  return { k, at, stage: stages[at], short: rest.join(".") };
}

// What the branches did is not kept by whoever shows a network, but is worked out again for the
// first number that is explained, and known by the arrays that came of it.
/** @type {WeakMap<Layer, Parallel>} */
const operations = new WeakMap();
/** @type {WeakMap<Floats, Saved>} by the layer's output */
const passes = new WeakMap();
/** @type {WeakMap<Floats, Lesson[]>} by the derivative of its input */
const lessons = new WeakMap();

/** @typedef {{ derivatives: any[], gradients: Record<string, any> }} Lesson of one branch */

/**
 * @param {Layer} layer
 * @param {Make} make
 */
function operationOf(layer, make) {
  let operation = operations.get(layer);
  if (operation === undefined) {
    const settings = Parallel.withLayers(layer.settings, make);
    operation = new Parallel(/** @type {{ branches: Operation[][] }} */ (settings));
    operations.set(layer, operation);
  }
  return operation;
}

/**
 * @param {Layer} layer
 * @param {Scene} scene
 * @param {number} index
 * @param {Make} make
 */
function passOf(layer, scene, index, make) {
  const output = scene.outputs[index + 1];
  let pass = passes.get(output);
  if (pass === undefined) {
    const numbers = own({ ...scene.parameters, ...scene.statistics }, layer.name);
    const operation = operationOf(layer, make);
    pass = operation.forward(scene.outputs[index], layer.inputShape, numbers).saved;
    passes.set(output, pass);
  }
  return pass;
}

/**
 * @param {Layer} layer
 * @param {LearnedScene} scene
 * @param {number} index
 * @param {Make} make
 */
function lessonOf(layer, scene, index, make) {
  const derivative = scene.derivatives[index];
  let lesson = lessons.get(derivative);
  if (lesson === undefined) {
    lesson = sentBack(scene.derivatives[index + 1], passOf(layer, scene, index, make));
    lessons.set(derivative, lesson);
  }
  return lesson;
}

/**
 * Carry every branch out backward: a sum hands dy on to each as it is, and side by side each is
 * handed its own part.
 *
 * @template {Floats} T
 * @param {T} dy
 * @param {Saved<T>} saved
 */
function sentBack(dy, { branches, widths }) {
  let first = 0;
  return branches.map(({ stages, saved }, k) => {
    const width = widths[k] ?? 0;
    const share = widths.length === 0 ? dy : /** @type {T} */ (dy.slice(first, first + width));
    first += width;
    return backwardInARow(stages, saved, share);
  });
}

/**
 * Say which branch it is, and whether it hands on what it is given.
 *
 * @param {{ stages: Stage[] }} branch
 * @param {number} k
 */
function named({ stages }, k) {
  return { branch: k + 1, isEmpty: stages.length === 0 };
}

/**
 * Return the largest terms, the sum of the others, and of all.
 *
 * @template {import("./explanation.js").Term} T
 * @param {T[]} terms
 */
function summed(terms) {
  return { ...largest(terms, MOST_TERMS), value: sum(terms.map((term) => term.sum)) };
}

/**
 * Find the branch that a number of a concatenation is of, and its place there.
 *
 * @param {number[]} widths how many numbers each branch gives
 * @param {number} cell
 */
function branchOf(widths, cell) {
  let [k, at] = [0, cell];
  while (at >= widths[k]) at -= widths[k++];
  return { k, at };
}

/**
 * Add arrays up, number by number, into one of their type.
 *
 * @template {Floats} T
 * @param {T[]} arrays
 * @returns {T}
 */
function added(arrays) {
  const total = zerosLike(arrays[0], arrays[0].length);
  for (let i = 0; i < total.length; i++) {
    let sum = 0;
    for (const array of arrays) sum += array[i];
    total[i] = sum;
  }
  return total;
}

/**
 * Return what is called with a prefix, by the names that it has there.
 *
 * @template T
 * @param {Record<string, T>} numbers
 * @param {string | number} of a name, or a branch's index
 * @returns {Record<string, T>}
 */
function own(numbers, of) {
  const prefix = `${typeof of === "number" ? of + 1 : of}.`;
  const found = Object.entries(numbers).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, values]) => [name.slice(prefix.length), values]));
}

/**
 * Return what the branches have, each name behind its branch's number.
 *
 * @template T
 * @param {Record<string, T>[]} found
 * @returns {Record<string, T>}
 */
function prefixed(found) {
  const entries = found.flatMap((values, k) =>
    Object.entries(values).map(([name, value]) => [`${k + 1}.${name}`, value]),
  );
  return Object.fromEntries(entries);
}

/** @param {Shape[]} shapes */
function areAlike(shapes) {
  return shapes.every((shape) => String(shape) === String(shapes[0]));
}
