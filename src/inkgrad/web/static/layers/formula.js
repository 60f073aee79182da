/**
 * Formulas as trees of [tag, …children], tags being MathML's; the page makes elements of them.
 *
 * @module
 */

/** @typedef {[string, ...(string | Tree)[]]} Tree */

/**
 * A formula: what it is called, its tree, and what its letters stand for.
 *
 * @typedef {{name: string, tree: Tree, letters: string}} Formula
 */

/** A letter. */
export const letter = (name) => ["mi", name];

/** A number. */
export const number = (value) => ["mn", value];

/** A sign. */
export const sign = (text) => ["mo", text];

/** Parts in a row. */
export const row = (...parts) => ["mrow", ...parts];

/** A base with something below. */
export const under = (base, ...below) => ["msub", base, row(...below)];

/** Letters with commas between. */
export const commas = (...names) =>
  names.flatMap((name, at) => (at === 0 ? [letter(name)] : [sign(","), letter(name)]));

/** A letter with others below: x_{i,j}. */
export const indexed = (name, ...names) => under(letter(name), ...commas(...names));

/** A sum over what stands below it. */
export const total = (...below) => ["munder", sign("∑"), row(...below)];

/** The derivative of the loss by a variable: dL/d…. */
export const slope = (variable) => [
  "mfrac",
  row(letter("d"), letter("L")),
  row(letter("d"), variable),
];
