/**
 * Formulas as trees of [tag, …children], tags being MathML's; the page makes elements of them.
 *
 * @module
 */

/** @typedef {[string, ...(string | Tree)[]]} Tree */
/** @typedef {(...parts: Tree[]) => Tree} Joined */
/** @typedef {(...names: string[]) => Tree[]} Listed */

/**
 * A formula: what it is called, its tree, and what its letters stand for.
 *
 * @typedef {{name: string, tree: Tree, letters: string}} Formula
 */

/** A letter. @type {(name: string) => Tree} */
export const letter = (name) => ["mi", name];

/** A number. @type {(value: string) => Tree} */
export const number = (value) => ["mn", value];

/** A sign. @type {(text: string) => Tree} */
export const sign = (text) => ["mo", text];

/** Parts in a row. @type {Joined} */
export const row = (...parts) => ["mrow", ...parts];

/** A base with something below. @type {(base: Tree, ...below: Tree[]) => Tree} */
export const under = (base, ...below) => ["msub", base, row(...below)];

/** Letters with commas between. @type {Listed} */
export const commas = (...names) =>
  names.flatMap((name, at) => (at === 0 ? [letter(name)] : [sign(","), letter(name)]));

/** A letter with others below: x_{i,j}. @type {(name: string, ...names: string[]) => Tree} */
export const indexed = (name, ...names) => under(letter(name), ...commas(...names));

/** A sum over what stands below it. @type {Joined} */
export const total = (...below) => ["munder", sign("∑"), row(...below)];

/** The derivative of the loss by a variable: dL/d…. @type {(variable: Tree) => Tree} */
export const slope = (variable) => [
  "mfrac",
  row(letter("d"), letter("L")),
  row(letter("d"), variable),
];
