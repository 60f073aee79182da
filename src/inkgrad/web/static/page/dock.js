/**
 * The place where one cell's arithmetic is written out: always at the same spot, as high as ever.
 *
 * @module
 */

import { make } from "./elements.js";
import { count, placeOf, spot } from "../layers/explanation.js";
import { LAYERS } from "../layers/index.js";
import { inCell, inDigits, inPercent } from "./figures.js";
import { KINDS, formula, letters, nameOf } from "./formulas.js";
import { inCss, isDark, rangeOf } from "./pictures.js";
import { shade } from "./mosaic.js";
import { TEXTS } from "./texts.js";

/** @typedef {import("../layers/explanation.js").Explained} Explained */

const MOST_POWERS = 5; // classes of a softmax's sum that are named

/** A fixed area at the foot of a panel. */
export class Dock {
  constructor() {
    this.title = make("h3.dock-title");
    this.value = make("p.dock-value");
    this.close = make(
      "button.quiet.dock-close",
      { type: "button", "aria-label": TEXTS.dock.close },
      "×",
    );
    this.formula = make("div.dock-formula");
    this.letters = make("p.note.dock-letters");
    this.lenses = make("div.lenses");
    this.sum = make("div.dock-sum", {
      tabIndex: 0,
      role: "region",
      "aria-label": TEXTS.dock.arithmetic,
    });
    this.heard = make("p.hidden", { role: "status" });
    this.extra = make("div.dock-extra");
    this.body = make("div.dock-body", {}, this.lenses, this.sum);
    this.element = make(
      "section.dock",
      { "aria-label": TEXTS.dock.label },
      make("header", {}, this.title, this.value, this.extra, this.close),
      this.body,
      make("footer", {}, this.formula, this.letters),
      this.heard,
    );
    /** @type {string | null} */
    this.kind = null; // of formula that stands there
    this.clear();
  }

  /** Go away. */
  clear() {
    this.element.hidden = true;
    this.heard.textContent = "";
    this.kind = null;
  }

  /**
   * Write out where a number comes from.
   *
   * @param {Explained} explained what a function of explain.js returned
   * @param {object} told
   * @param {string} told.title which cell it is
   * @param {import("../layers/explanation.js").Layer} [told.layer]
   * @param {string[]} told.classes
   * @param {{caption: string, element: HTMLElement}[]} told.lenses enlarged maps
   * @param {HTMLElement[]} [told.extra] what else can be done with it
   */
  show(explained, { title, layer, classes, lenses, extra = [] }) {
    this.extra.replaceChildren(...extra);
    this.element.hidden = false;
    this.body.classList.toggle(
      "many",
      (explained.parts?.[0]?.left?.length ?? 0) > 0 && explained.parts.length > 1,
    );
    const isShare = explained.kind === "softmax";
    const value = isShare ? inPercent(explained.value) : inDigits(explained.value, 4);
    this.title.textContent = title;
    this.value.textContent = `= ${value}`;
    if (this.kind !== explained.kind) {
      const { kind } = explained;
      const parts = KINDS.includes(kind) ? [make("b", {}, nameOf(kind)), formula(kind)] : [];
      this.formula.replaceChildren(...parts);
      this.letters.textContent = KINDS.includes(kind) ? letters(kind) : "";
      this.kind = kind;
    }
    this.sum.replaceChildren(...SUMS[explained.kind](explained, layer, classes));
    const figures = lenses.map(({ caption, element }) =>
      make("figure", {}, element, make("figcaption", {}, caption)),
    );
    this.lenses.replaceChildren(...figures);
    this.heard.textContent = TEXTS.dock.heard(title, value, sentenceOf(explained));
  }

  /** Scroll so that the dock does not lie on what was chosen. */
  uncover(chosen) {
    const over =
      chosen.getBoundingClientRect().bottom - this.element.getBoundingClientRect().top + 12;
    const under = 12 - chosen.getBoundingClientRect().top;
    if (over > 0) scrollBy({ top: over, behavior: "instant" });
    else if (under > 0) scrollBy({ top: -under, behavior: "instant" });
  }
}

const SUMS = {
  input: (e) => [
    says(e.value === 0 ? TEXTS.dock.ink.none : TEXTS.dock.ink.some),
    line(result(e.value, TEXTS.dock.ink.unit)),
  ],
  Conv2D: (e) => convolution(e, TEXTS.dock.conv.patch),
  "Conv2D.dx": (e) => convolution(e, TEXTS.dock.conv.gradient),
  ReLU: (e) => [
    says(wordsOf(e)),
    line(
      term(e.x, TEXTS.dock.relu.before),
      operator("→"),
      gate(e.passes),
      result(e.value, TEXTS.dock.relu.after),
    ),
  ],
  LeakyReLU: (e) => scaled(e, e.x, TEXTS.dock.relu.before, TEXTS.dock.relu.after),
  AveragePool2D: (e) => [
    says(wordsOf(e)),
    line(
      grid(e.candidates, e.size, { isSigned: e.candidates.some((x) => x < 0) }),
      operator("→"),
      result(e.value, TEXTS.dock.average.mean),
    ),
  ],
  GlobalAveragePool: (e) => [
    says(wordsOf(e)),
    line(...shared(e.total, TEXTS.dock.sum, e), result(e.value, TEXTS.dock.average.mean)),
  ],
  MaxPool2D: (e) => [
    says(wordsOf(e)),
    line(
      grid(e.candidates, e.size, { chosen: e.best, isSigned: e.candidates.some((x) => x < 0) }),
      operator("→"),
      result(e.value, TEXTS.dock.pool.winner),
    ),
  ],
  Flatten: (e) => unchanged(e, TEXTS.dock.flatten.before, TEXTS.dock.flatten.after),
  BatchNorm: (e) => [
    says(wordsOf(e)),
    line(
      operator("("),
      term(e.x, TEXTS.dock.relu.before),
      operator("−"),
      term(e.mean, TEXTS.dock.norm.mean),
      operator(")"),
      operator("÷"),
      term(e.spread, TEXTS.dock.norm.spread),
      operator("·"),
      term(e.scale, TEXTS.dock.norm.scale),
      operator("+"),
      term(e.shift, TEXTS.dock.norm.shift),
      operator("="),
      result(e.value, TEXTS.dock.relu.after),
    ),
  ],
  Dropout: (e) => unchanged(e, TEXTS.dock.relu.before, TEXTS.dock.relu.after),
  Parallel: (e) =>
    e.parts === undefined
      ? unchanged(e, `${branchOf(e)}, ${spot(e.place)}`, TEXTS.dock.relu.after)
      : branches(e),
  Dense: (e) => [says(wordsOf(e)), terms(e, (part) => TEXTS.dock.input(part.at))],
  softmax: (e, _, classes) => [
    says(e.shift ? TEXTS.dock.softmax.saysLess(inDigits(e.shift)) : TEXTS.dock.softmax.says),
    line(
      term(e.power, ["e", make("sup", {}, inDigits(e.logit - e.shift))]),
      operator("÷"),
      term(e.total, TEXTS.dock.softmax.total),
      operator("="),
      result(e.value, TEXTS.dock.softmax.share, inPercent(e.value)),
    ),
    line(make("span.note", {}, `${inDigits(e.total)} =`), ...powers(e, classes)),
  ],
  "softmax.dx": (e) => [
    says(e.target ? TEXTS.dock.softmax.right : TEXTS.dock.softmax.wrong),
    line(
      term(e.probability, TEXTS.dock.softmax.p),
      operator("−"),
      term(e.target, TEXTS.dock.softmax.t),
      operator("="),
      result(e.value, "p − t"),
    ),
  ],
  "ReLU.dx": (e) => [
    says(wordsOf(e)),
    line(
      term(e.derivative, TEXTS.dock.arrives),
      operator("·"),
      gate(e.passes, e.x),
      operator("="),
      result(e.value, TEXTS.dock.passesOn),
    ),
  ],
  "LeakyReLU.dx": (e) => scaled(e, e.derivative, TEXTS.dock.arrives, TEXTS.dock.passesOn),
  "AveragePool2D.dx": (e) => sharedBack(e),
  "GlobalAveragePool.dx": (e) => sharedBack(e),
  "MaxPool2D.dx": (e) => [
    says(wordsOf(e)),
    line(
      ...e.windows.slice(0, 2).flatMap((w) => [
        grid(w.candidates, w.size, {
          chosen: w.best,
          isSigned: w.candidates.some((x) => x < 0),
          caption: TEXTS.dock.pool.window,
        }),
        operator(w.isWon ? TEXTS.dock.pool.won : TEXTS.dock.pool.lost),
        term(w.derivative, TEXTS.dock.arrives),
      ]),
      operator("→"),
      result(e.value, TEXTS.dock.passesOn),
    ),
  ],
  "Flatten.dx": (e) => unchanged(e, TEXTS.dock.arrives, TEXTS.dock.passesOn),
  "Dropout.dx": (e) => unchanged(e, TEXTS.dock.arrives, TEXTS.dock.passesOn),
  "BatchNorm.dx": (e) => [
    says(wordsOf(e)),
    line(
      term(e.derivative, TEXTS.dock.arrives),
      operator("·"),
      term(e.scale, TEXTS.dock.norm.scale),
      operator("÷"),
      term(e.spread, TEXTS.dock.norm.spread),
      operator("="),
      result(e.value, TEXTS.dock.passesOn),
    ),
  ],
  "Parallel.dx": (e) => branches(e),
  "Dense.dx": (e, _, classes) => [
    says(wordsOf(e)),
    terms(e, (part) => (e.isLast ? classes[part.at] : TEXTS.dock.output(part.at))),
  ],
  "Dense.weight": (e) => [
    says(wordsOf(e)),
    line(
      term(e.x, TEXTS.dock.dense.x(e.place[0])),
      operator("×"),
      term(e.derivative, TEXTS.dock.dense.dy(e.place[1])),
      operator("="),
      result(e.value, "dL/dw"),
    ),
  ],
  "Dense.bias": (e) => [
    says(wordsOf(e)),
    line(
      term(e.derivative, TEXTS.dock.dense.dy(e.place[0])),
      operator("="),
      result(e.value, "dL/dβ"),
    ),
  ],
  "BatchNorm.scale": (e) => [says(wordsOf(e)), terms(e, (part) => spot(part.place, true))],
  "BatchNorm.shift": (e) => [says(wordsOf(e)), terms(e, (part) => spot(part.place, true))],
  "Conv2D.weight": (e) => [says(wordsOf(e)), terms(e, (part) => TEXTS.dock.place(part.u, part.v))],
  "Conv2D.bias": (e) => [says(wordsOf(e)), terms(e, (part) => TEXTS.dock.place(part.u, part.v))],
};

/** A number that is the same as before. */
const unchanged = (e, before, after) => [
  says(wordsOf(e)),
  line(term(e.value, before), operator("="), result(e.value, after)),
];

/** What each branch gives, or sends back. */
const branches = (e) => [says(wordsOf(e)), terms(e, branchOf)];

const branchOf = ({ branch, isEmpty }) =>
  isEmpty ? TEXTS.dock.parallel.empty(branch) : TEXTS.dock.parallel.branch(branch);

/** A number times a factor. */
function scaled(e, value, before, after) {
  return [
    says(wordsOf(e)),
    line(
      term(value, before),
      operator("·"),
      term(e.factor, TEXTS.dock.leaky.factor),
      operator("="),
      result(e.value, after),
    ),
  ];
}

/** A number shared out evenly. */
const shared = (value, caption, e) => [
  term(value, caption),
  operator("÷"),
  term(e.cells, TEXTS.dock.average.cells),
  operator("="),
];

const sharedBack = (e) => [
  says(wordsOf(e)),
  line(...shared(e.arrives, TEXTS.dock.arrives, e), result(e.value, TEXTS.dock.passesOn)),
];

/** Grids of numbers: patch × filter of the maps that matter most, the others, the bias, the sum. */
function convolution(e, left) {
  const isSingle = e.parts.length === 1 && e.others.count === 0;
  const cells = e.size[0] * e.size[1];
  const all = e.parts.length + e.others.count;
  const lefts = rangeOf(e.parts.flatMap((part) => part.left));
  const rights = rangeOf(e.parts.flatMap((part) => part.right));
  const isSigned = e.parts.some((part) => part.left.some((x) => x < 0));
  const rows = e.parts.map((part) =>
    line(
      grid(part.left, e.size, {
        range: lefts,
        isSigned,
        blank: part.isPadding,
        caption: isSingle ? left : TEXTS.dock.map(part.map),
      }),
      operator("×"),
      grid(part.right, e.size, { range: rights, isSigned: true, caption: TEXTS.dock.conv.filter }),
      ...(isSingle
        ? [
            operator("="),
            term(part.sum, cells > 1 ? TEXTS.dock.conv.sumOf(cells) : TEXTS.dock.conv.product),
          ]
        : []),
    ),
  );
  const rest = [];
  if (e.others.count)
    rest.push(operator("+"), term(e.others.sum, TEXTS.dock.conv.otherMaps(e.others.count)));
  if (e.bias !== undefined) rest.push(operator("+"), term(e.bias, TEXTS.dock.bias));
  const ends = [...rest, operator("="), result(e.value, e.kind === "Conv2D" ? "y" : "dL/dx")];
  const sentence = wordsOf(e);
  if (isSingle) return [says(sentence), line(...rows[0].childNodes, ...ends)];
  const maps = line(
    ...e.parts.flatMap((part, at) => [
      ...(at ? [operator("+")] : []),
      term(part.sum, TEXTS.dock.map(part.map)),
    ]),
    ...ends,
  );
  const which = e.others.count ? TEXTS.dock.conv.most(e.parts.length, all) : "";
  return [says(sentence + which), maps, make("div.grids", {}, ...rows)];
}

/** A list of the largest terms as bars that go left (negative) and right (positive). */
function terms(e, nameOfPart) {
  const range = Math.max(...e.parts.map((part) => Math.abs(part.sum)), 1e-300);
  const row = (name, detail, value, kind = "") => {
    const bar = make("i");
    bar.style.width = `${(50 * Math.abs(value)) / range}%`;
    return make(
      `li${kind}${value < 0 ? ".minus" : ""}`,
      {},
      make("span.name", {}, name),
      make("span.detail", {}, detail),
      make("span.twoway", { "aria-hidden": "true" }, bar),
      make("b", {}, inDigits(value)),
    );
  };
  const rows = e.parts.map((part) =>
    row(
      nameOfPart(part),
      part.right === undefined ? "" : `${inDigits(part.left)} × ${inDigits(part.right)}`,
      part.sum,
    ),
  );
  const plain = (name, value, kind = "") =>
    make(
      `li${kind}`,
      {},
      make("span.name", {}, name),
      make("span"),
      make("span"),
      make("b", {}, value),
    );
  if (e.others.count) rows.push(plain(TEXTS.dock.others(e.others.count), inDigits(e.others.sum)));
  if (e.bias !== undefined) rows.push(plain(TEXTS.dock.bias, inDigits(e.bias)));
  rows.push(plain(TEXTS.dock.sum, inDigits(e.value, 4), ".total"));
  return make("ol.terms", {}, ...rows);
}

/** A little grid of numbers in their pictures' colours. */
function grid(
  values,
  [, columns],
  { range = rangeOf(values), isSigned = false, blank = [], chosen = -1, caption = "" },
) {
  const cells = values.map((value, at) => {
    const cell = make("span", {}, blank[at] ? "" : inCell(value));
    if (blank[at]) cell.className = "blank";
    else {
      const colour = shade(value, range, isSigned);
      cell.style.background = inCss(colour);
      cell.style.color = isDark(colour) ? "#fff" : "#000";
    }
    if (at === chosen) cell.classList.add("chosen");
    return cell;
  });
  const table = make("div.numbers", {}, ...cells);
  table.style.gridTemplateColumns = `repeat(${columns}, var(--cell))`;
  return make("figure.grid", {}, table, ...(caption ? [make("figcaption", {}, caption)] : []));
}

/** What every class adds to the softmax's sum: the largest by name, the others together. */
function powers(e, classes) {
  const sorted = e.powers
    .map((power, at) => ({ power, name: classes[at] }))
    .sort((a, b) => b.power - a.power);
  const shown = sorted.slice(0, MOST_POWERS);
  const others = sorted.slice(MOST_POWERS).reduce((total, { power }) => total + power, 0);
  const all = shown.map(({ power, name }) => term(power, name));
  if (sorted.length > MOST_POWERS)
    all.push(term(others, TEXTS.dock.others(sorted.length - MOST_POWERS)));
  return all.flatMap((one, at) => (at ? [operator("+"), one] : [one]));
}

const says = (sentence) => make("p.says", {}, sentence);
const line = (...parts) => make("div.line", {}, ...parts);
const operator = (sign) => make("span.operator", {}, sign);
const term = (value, caption) =>
  make(
    "figure.term",
    {},
    make("b", {}, inDigits(value)),
    make("figcaption", {}, ...[caption].flat()),
  );
const result = (value, caption, text = inDigits(value, 4)) =>
  make("figure.term.result", {}, make("b", {}, text), make("figcaption", {}, caption));

function gate(passes, x) {
  const words = passes ? TEXTS.dock.passes : TEXTS.dock.stopped;
  const caption = x === undefined ? words : passes ? "x > 0" : "x ≤ 0";
  return make(
    `figure.term.gate${passes ? "" : ".shut"}`,
    {},
    make("b", {}, passes ? "1" : "0"),
    make("figcaption", {}, caption),
  );
}

/** What its layer says of a number, "Conv2D" by "y", "Conv2D.dx" by "dx". */
function wordsOf(explained) {
  const [type, what = "y"] = explained.kind.split(".");
  return LAYERS[type].says[what](explained);
}

/** The picture of a number in words, for those who hear the page. */
function sentenceOf(explained) {
  return SUMS_IN_WORDS[explained.kind]?.(explained) ?? "";
}

const SUMS_IN_WORDS = {
  Conv2D: (e) => {
    const bias = e.bias ?? 0;
    return TEXTS.dock.conv.heard(inDigits(e.value - bias), inDigits(bias));
  },
  LeakyReLU: wordsOf,
  BatchNorm: wordsOf,
  Dropout: wordsOf,
  Parallel: wordsOf,
  AveragePool2D: wordsOf,
  GlobalAveragePool: wordsOf,
  ReLU: (e) => (e.passes ? TEXTS.dock.relu.heard : TEXTS.dock.relu.heardStopped)(inDigits(e.x)),
  MaxPool2D: (e) => TEXTS.dock.pool.heard(e.candidates.map((x) => inDigits(x))),
  Dense: (e) => TEXTS.dock.dense.heard(e.parts[0].at, inDigits(e.parts[0].sum)),
  softmax: (e) => TEXTS.dock.softmax.heard(inDigits(e.power), inDigits(e.total)),
  "softmax.dx": (e) => TEXTS.dock.softmax.heardBack(inDigits(e.probability), e.target),
  "ReLU.dx": (e) => (e.passes ? TEXTS.dock.relu.back : TEXTS.dock.relu.backStopped),
  "MaxPool2D.dx": wordsOf,
  "LeakyReLU.dx": wordsOf,
  "BatchNorm.dx": wordsOf,
  "Dropout.dx": wordsOf,
  "Parallel.dx": wordsOf,
  "AveragePool2D.dx": wordsOf,
  "GlobalAveragePool.dx": wordsOf,
};

/**
 * Say what shape a layer's output has.
 *
 * @param {number[]} shape
 * @returns {string}
 */
export function size(shape) {
  if (shape.length === 1) return count(shape[0], "number");
  return `${count(shape[0], "map")} of ${shape.slice(1).join(" × ")}`;
}

/**
 * Title a cell of a layer's output.
 *
 * @param {string} name
 * @param {number[]} shape
 * @param {number} cell
 * @returns {string}
 */
export function titleOf(name, shape, cell) {
  return TEXTS.think.cell(name, spot(placeOf(shape, cell), shape[0] === 1));
}
