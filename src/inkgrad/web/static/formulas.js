/**
 * The formula of every step, as MathML, in the letters of `inkgrad/layers/`.
 *
 * A formula is a tree of [tag, …children]; `formula` makes elements of it.
 *
 * @module
 */

const MATHML = "http://www.w3.org/1998/Math/MathML";

const i = (letter) => ["mi", letter];
const n = (number) => ["mn", number];
const o = (sign) => ["mo", sign];
const row = (...parts) => ["mrow", ...parts];
const under = (base, ...below) => ["msub", base, row(...below)];
const list = (...letters) => letters.flatMap((l, at) => (at === 0 ? [i(l)] : [o(","), i(l)]));
const of = (letter, ...letters) => under(i(letter), ...list(...letters));
const total = (...below) => ["munder", o("∑"), row(...below)];
const slope = (variable) => ["mfrac", row(i("d"), i("L")), row(i("d"), variable)];

const PADDED = ["mover", i("x"), o("¯")];
const ROW = [i("s"), i("u"), o("+"), i("i")];
const COLUMN = [i("s"), i("v"), o("+"), i("j")];
const SEEN = under(PADDED, i("c"), o(","), ...ROW, o(","), ...COLUMN);
const WEIGHT = of("w", "k", "c", "i", "j");
const PLACE = of("y", "k", "u", "v");

/** @type {Record<string, {name: string, tree: any[], letters: string}>} */
const FORMULAS = {
  Conv2D: {
    name: "Convolution",
    tree: row(PLACE, o("="), total(...list("c", "i", "j")), WEIGHT, SEEN, o("+"), of("β", "k")),
    letters: "k: this map. u, v: row and column. c: map before. i, j: cell of the filter. s: stride",
  },
  ReLU: {
    name: "ReLU",
    tree: row(i("y"), o("="), i("max"), o("("), i("x"), o(","), n("0"), o(")")),
    letters: "x: the number before. y: the number after",
  },
  MaxPool2D: {
    name: "Max-pooling",
    tree: row(
      of("y", "c", "u", "v"), o("="), ["munder", i("max"), row(...list("i", "j"))],
      under(i("x"), i("c"), o(","), ...ROW, o(","), ...COLUMN),
    ),
    letters: "c: map. u, v: row and column. i, j: cell of the window. s: stride",
  },
  Flatten: {
    name: "Flatten",
    tree: row(
      under(i("y"), o("("), i("c"), i("H"), o("+"), i("r"), o(")"), i("W"), o("+"), i("t")),
      o("="), of("x", "c", "r", "t"),
    ),
    letters: "c: map. r, t: row and column. H, W: height and width of a map",
  },
  Dense: {
    name: "Dense",
    tree: row(of("y", "k"), o("="), total(i("i")), of("x", "i"), of("w", "i", "k"), o("+"), of("β", "k")),
    letters: "k: this output. i: input",
  },
  softmax: {
    name: "Softmax",
    tree: row(
      of("p", "k"), o("="),
      ["mfrac", ["msup", i("e"), of("z", "k")], row(total(i("l")), ["msup", i("e"), of("z", "l")])],
    ),
    letters: "k: this class. l: every class. z: logit. e ≈ 2.718",
  },
  loss: {
    name: "The loss",
    tree: row(i("L"), o("="), o("−"), i("log"), ["mspace"], of("p", "k")),
    letters: "k: the right answer. p: its probability",
  },
  "softmax.dx": {
    name: "The loss by a logit",
    tree: row(slope(of("z", "k")), o("="), of("p", "k"), o("−"), of("t", "k")),
    letters: "p: what the network said. t: what it should have said, 1 or 0",
  },
  "Dense.dx": {
    name: "Back through dense",
    tree: row(slope(of("x", "i")), o("="), total(i("k")), slope(of("y", "k")), of("w", "i", "k")),
    letters: "i: this input. k: output",
  },
  "Dense.weight": {
    name: "A dense weight",
    tree: row(slope(of("w", "i", "k")), o("="), of("x", "i"), slope(of("y", "k"))),
    letters: "i: input. k: output",
  },
  "Dense.bias": {
    name: "A dense bias",
    tree: row(slope(of("β", "k")), o("="), slope(of("y", "k"))),
    letters: "k: output",
  },
  "ReLU.dx": {
    name: "Back through ReLU",
    tree: row(slope(i("x")), o("="), slope(i("y")), o("·"), o("["), i("x"), o(">"), n("0"), o("]")),
    letters: "[x > 0] is 1 if x was positive, else 0",
  },
  "MaxPool2D.dx": {
    name: "Back through a pool",
    tree: row(
      slope(of("x", "c", "r", "t")), o("="),
      total(...list("u", "v"), ["mtext", " won"]), slope(of("y", "c", "u", "v")),
    ),
    letters: "r, t: this cell. u, v: the windows that it won",
  },
  "Flatten.dx": {
    name: "Back through flatten",
    tree: row(
      slope(of("x", "c", "r", "t")), o("="),
      slope(under(i("y"), o("("), i("c"), i("H"), o("+"), i("r"), o(")"), i("W"), o("+"), i("t"))),
    ),
    letters: "c: map. r, t: row and column. H, W: height and width of a map",
  },
  "Conv2D.dx": {
    name: "Back through a convolution",
    tree: row(
      slope(of("x", "c", "r", "t")), o("="),
      total(...list("k", "i", "j")), WEIGHT, slope(PLACE),
    ),
    letters: "u, v: the places where filter cell i, j lay on r, t",
  },
  "Conv2D.weight": {
    name: "A filter's weight",
    tree: row(slope(WEIGHT), o("="), total(...list("u", "v")), slope(PLACE), SEEN),
    letters: "k: filter. c: map before. i, j: cell of the filter. u, v: every place. s: stride",
  },
  "Conv2D.bias": {
    name: "A filter's bias",
    tree: row(slope(of("β", "k")), o("="), total(...list("u", "v")), slope(PLACE)),
    letters: "k: filter. u, v: every place",
  },
  step: {
    name: "One step",
    tree: row(i("w"), o("←"), i("w"), o("−"), i("η"), o("·"), slope(i("w"))),
    letters: "w: every weight. η: the learning rate",
  },
  check: {
    name: "The difference quotient",
    tree: row(
      slope(i("w")), o("≈"),
      ["mfrac",
        row(i("L"), o("("), i("w"), o("+"), i("ε"), o(")"), o("−"), i("L"), o("("), i("w"), o("−"), i("ε"), o(")")),
        row(n("2"), i("ε")),
      ],
    ),
    letters: "L(w + ε): the loss when this one weight is larger by ε",
  },
};

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

function element([tag, ...parts]) {
  const made = document.createElementNS(MATHML, tag);
  if (tag === "mspace") made.setAttribute("width", "0.17em");
  for (const part of parts) made.append(Array.isArray(part) ? element(part) : part);
  return made;
}
