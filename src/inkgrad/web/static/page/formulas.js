/**
 * The formula of every step, as MathML, in the letters of `inkgrad/layers/`.
 *
 * The layers' are in their files, as trees; `formula` makes elements of them.
 *
 * @module
 */

import { letter, number, row, sign, slope } from "../layers/formula.js";
import { LAYERS } from "../layers/index.js";
import { FORMULAS as SOFTMAX } from "../layers/softmax.js";
import { TEXTS } from "./texts.js";

const MATHML = "http://www.w3.org/1998/Math/MathML";

const STEPS = {
  step: {
    ...TEXTS.formulas.step,
    tree: row(
      letter("w"),
      sign("←"),
      letter("w"),
      sign("−"),
      letter("η"),
      sign("·"),
      slope(letter("w")),
    ),
  },
  check: {
    ...TEXTS.formulas.check,
    tree: row(slope(letter("w")), sign("≈"), [
      "mfrac",
      row(
        letter("L"),
        sign("("),
        letter("w"),
        sign("+"),
        letter("ε"),
        sign(")"),
        sign("−"),
        letter("L"),
        sign("("),
        letter("w"),
        sign("−"),
        letter("ε"),
        sign(")"),
      ),
      row(number("2"), letter("ε")),
    ]),
  },
};

/** @type {Record<string, import("../layers/formula.js").Formula>} */
const FORMULAS = { ...SOFTMAX, ...STEPS };
for (const [type, { formulas }] of Object.entries(LAYERS)) {
  for (const [what, formula] of Object.entries(formulas)) {
    FORMULAS[what === "y" ? type : `${type}.${what}`] = formula;
  }
}

/** Every formula that there is. */
export const KINDS = Object.keys(FORMULAS);

/**
 * Return a formula as an element.
 *
 * @param {string} kind "Conv2D", "Dense.weight", "softmax"…
 * @returns {Element} math
 */
export function formula(kind) {
  const math = document.createElementNS(MATHML, "math");
  math.setAttribute("display", "block");
  math.append(element(FORMULAS[kind].tree));
  return math;
}

/**
 * Say what a formula's letters stand for.
 *
 * @param {string} kind
 * @returns {string}
 */
export const letters = (kind) => FORMULAS[kind].letters;

/**
 * Say what a formula is called.
 *
 * @param {string} kind
 * @returns {string}
 */
export const nameOf = (kind) => FORMULAS[kind].name;

/**
 * @param {import("../layers/formula.js").Tree} tree
 * @returns {Element}
 */
function element([tag, ...parts]) {
  const made = document.createElementNS(MATHML, tag);
  if (tag === "mspace") made.setAttribute("width", "0.17em");
  for (const part of parts) made.append(Array.isArray(part) ? element(part) : part);
  return made;
}
