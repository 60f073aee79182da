/**
 * See it learn: the right answer, the gradient on its way back, a step, a check of any gradient.
 *
 * @module
 */

import { Bars } from "./bars.js";
import { Dock, size, titleOf } from "./dock.js";
import { make, makeButton } from "./elements.js";
import { placeOf, spot } from "../layers/explanation.js";
import { LAYERS } from "../layers/index.js";
import { explainLogit } from "../layers/softmax.js";
import { blocked, explainDerivative, explainGradient, ownerOf } from "../network/explain.js";
import { digitsInCommon, inDigits, inPercent } from "./figures.js";
import { formula, letters } from "./formulas.js";
import { layoutOf } from "./layouts.js";
import { Mosaic, legend, repaint } from "./mosaic.js";
import { rangeOf } from "./pictures.js";
import { makeQuestion } from "./question.js";
import { TEXTS } from "./texts.js";
import { card, lensMaker } from "./think.js";

/** @typedef {import("../layers/explanation.js").Layer} Layer */
/** @typedef {import("../network/engine.js").Lesson} Lesson */
/** @typedef {import("./think.js").Point} Point */
/** @typedef {import("./think.js").View} View */
/** @typedef {{ name: string, cell: number }} Weight one of the parameters' */

const RATES = { least: 0.001, most: 1, usual: 0.002 };
const EPSILONS = [0.1, 0.01, 0.001, 0.0001, 0.00001];
const USUAL_EPSILON = 0.00001; // larger ones carry many a weight over a corner of a ReLU or pool
const MOST_COMPARED = 6; // classes in the comparison before and after a step

/**
 * Fill the panel.
 *
 * @param {HTMLElement} root
 * @param {import("./session.js").Session} session
 */
export function mountLearn(root, session) {
  const question = makeQuestion((at) => session.say(session.model.classes[at]));
  const stepping = makeStepping(takeStep, takeBack);
  const checking = makeChecking(check, pickAny);
  const intro = make("p.note", {}, make("b", {}, TEXTS.learn.introFirst), " ", TEXTS.learn.intro);
  const flow = make("div.layers.flow");
  const dock = new Dock();
  const lesson = make(
    "div.lesson",
    {},
    stepping.element,
    intro,
    flow,
    checking.element,
    dock.element,
  );
  root.append(make("h2.hidden", {}, TEXTS.learn.title), question.element, lesson);

  let views = []; // from the logits to the input
  let label = null;
  /** @type {Lesson | null} */
  let learned = null; // what session.learn told, of session.seen and session.model.parameters
  /** @type {{ view: View, cell: number } | null} */
  let chosen = null;
  let isHeld = false;
  let isStale = true;
  let isAsking = false;
  let isBuilt = false; // a panel that nobody sees is not built
  /** @type {any} */
  let changed = null; // {before, after, drawing}
  /** @type {Weight | null} */
  let weight = null; // to check

  const scene = () => ({ ...session.model, ...session.seen, ...learned, label });

  function rebuild() {
    for (const view of views) view.picture.disconnect();
    const { model } = session;
    isBuilt = !root.hidden;
    [learned, chosen, isHeld, changed, weight] = [null, null, false, null, null];
    takeAnswer();
    views = model === null || !isBuilt ? [] : makeViews(model, point);
    const cards = new Set(views.map((view) => view.element));
    flow.replaceChildren(...cards);
    question.rebuild(model?.classes ?? []);
    checking.show(null);
    update();
  }

  /** Learn from the drawing as it now is, if there is one and an answer; show what is known. */
  async function update() {
    isStale = true;
    if (root.hidden || session.model === null || isAsking) return;
    isStale = false;
    const { seen } = session;
    question.show(seen, label);
    lesson.hidden = seen === null || label === null;
    if (lesson.hidden) {
      learned = null;
      choose(null);
      return;
    }
    if (!session.lookInside()) {
      [learned, isStale] = [null, true]; // it is called again when the outputs are there
      return;
    }
    isAsking = true;
    try {
      const told = await session.learn(label);
      // A newer drawing or answer came meanwhile: what was told may be of either.
      if (seen === session.seen && !isStale) learned = told;
    } finally {
      isAsking = false;
    }
    if (isStale) await update();
    else show();
  }

  function show() {
    if (learned === null) return;
    const now = scene();
    for (const view of views) view.show(now);
    if (changed?.drawing !== session.drawing) changed = null;
    const { classes, steps } = session.model;
    stepping.show({ learned, label, classes, changed, steps });
    explain();
  }

  function takeAnswer() {
    const at = session.model?.classes.indexOf(session.answer) ?? -1;
    label = at < 0 ? null : at;
  }

  function ask() {
    const isFirst = label === null;
    takeAnswer();
    changed = null;
    chosen = null;
    isHeld = false;
    checking.show(weight);
    if (isFirst) reveal();
    update();
  }

  /** Let the cards come up one after the other, in the order that the gradient reaches them. */
  function reveal() {
    /** @type {HTMLElement[]} */
    const cards = Array.from(flow.querySelectorAll(".card"));
    cards.forEach((element, at) => {
      element.style.animationDelay = `${at * 140}ms`;
      element.classList.remove("revealed");
      void element.offsetWidth; // so that the animation starts anew
      element.classList.add("revealed");
    });
  }

  function point(view, cell, holds, isClick = false) {
    if (learned === null || (!holds && (isHeld || chosen === null))) return;
    const isAgain = isClick && isHeld && chosen?.view === view && chosen?.cell === cell;
    isHeld = holds && !isAgain;
    choose({ view, cell });
    if (holds) dock.uncover(view.picture.spot());
    if (holds && view.parameter) {
      weight = { name: view.parameter, cell };
      checking.show(weight, nameOfWeight(weight));
    }
  }

  function choose(what) {
    if (what === null) isHeld = false;
    chosen = what;
    explain();
  }

  function explain() {
    if (chosen === null || learned === null) {
      dock.clear();
      for (const { picture } of views) picture.mark(-1);
      return;
    }
    const { view, cell } = chosen;
    const now = scene();
    const explained = view.explain(now, cell);
    for (const other of views) {
      const source = explained.sources.find(
        ({ of, index }) => of === "derivatives" && index === other.index,
      );
      other.picture.mark(other === view ? cell : -1, source?.boxes);
    }
    const from = explained.sources.find(({ of }) => of === "derivatives");
    const before = from && views.find(({ index }) => index === from.index);
    dock.show(explained, {
      title: view.titleOf(cell),
      layer: view.layer,
      classes: session.model.classes,
      lenses: [
        ...(before
          ? before.lens(
              now,
              from,
              explained.kind === "Conv2D.dx" ? explained.parts[0].map : undefined,
              null,
              TEXTS.learn.arrives,
            )
          : []),
        ...view.lens(
          now,
          { boxes: [{ cell, rows: 1, columns: 1 }] },
          undefined,
          cell,
          view.parameter ? TEXTS.learn.filter : TEXTS.learn.goesBack,
        ),
      ],
      extra: view.parameter
        ? [makeButton(TEXTS.check.run, () => checkNow(view.parameter, cell))]
        : [],
    });
  }

  async function takeStep(rate) {
    const { drawing } = session;
    changed = { ...(await session.step(label, rate)), drawing };
    checking.show(weight, weight && nameOfWeight(weight));
    await update();
  }

  async function takeBack() {
    changed = null;
    await session.reset();
    checking.show(weight, weight && nameOfWeight(weight));
    await update();
  }

  async function check(epsilon) {
    if (weight === null) return null;
    const { name, cell } = weight;
    return session.check(label, name, cell, epsilon);
  }

  function checkNow(name, cell) {
    weight = { name, cell };
    choose(null);
    checking.show(weight, nameOfWeight(weight));
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    checking.element.scrollIntoView({ block: "center", behavior: isCalm ? "auto" : "smooth" });
    checking.run();
  }

  /** Pick a weight by chance, among those that get a gradient if there are any. */
  function pickAny() {
    if (learned === null) return;
    const names = Object.keys(learned.gradients).filter((name) => name.endsWith(".weight"));
    const name = names[Math.floor(Math.random() * names.length)];
    const gradient = learned.gradients[name];
    let cell = 0;
    for (let tries = 0; tries < 1000; tries++) {
      cell = Math.floor(Math.random() * gradient.length);
      if (Math.abs(gradient[cell]) > 0.01 * rangeOf(gradient)) break;
    }
    weight = { name, cell };
    checking.show(weight, nameOfWeight(weight));
    checking.run();
  }

  /** @param {Weight} weight */
  function nameOfWeight({ name, cell }) {
    const view = views.find(({ parameter }) => parameter === name);
    return view.titleOf(cell);
  }

  dock.close.addEventListener("click", () => choose(null));
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && chosen !== null) choose(null);
  });
  root.addEventListener("shown", () => {
    if (!isBuilt) rebuild();
    else if (isStale) update();
  });
  root.addEventListener("colours", () => {
    repaint();
    if (!root.hidden) show();
  });
  session.addEventListener("answer", ask);
  session.addEventListener("model", rebuild);
  session.addEventListener("seen", update);
  session.lookers.push(() => !root.hidden && label !== null);
  rebuild();
}

/** The loss, one step down, and what it changed. */
function makeStepping(onStep, onReset) {
  const loss = make("p.loss");
  const math = make("div.dock-formula", {}, formula("loss"));
  const slider = make("input", {
    type: "range",
    min: "-3",
    max: "0",
    step: "0.01",
    value: String(Math.log10(RATES.usual)),
    "aria-label": TEXTS.learn.rateSlider,
  });
  const number = make("input.rate", {
    type: "number",
    min: String(RATES.least),
    max: String(RATES.most),
    step: "any",
    value: String(RATES.usual),
    "aria-label": TEXTS.learn.rate,
  });
  const rateOf = () =>
    Math.min(RATES.most, Math.max(RATES.least, Number(number.value) || RATES.usual));
  slider.addEventListener("input", () => {
    number.value = String(Number((10 ** Number(slider.value)).toPrecision(2)));
    slider.setAttribute("aria-valuetext", number.value);
  });
  number.addEventListener("change", () => {
    number.value = String(rateOf());
    slider.value = String(Math.log10(rateOf()));
  });
  const step = makeButton(TEXTS.learn.step, () => busy(() => onStep(rateOf())), "main");
  const reset = makeButton(TEXTS.learn.reset, () => busy(onReset));
  const counted = make("p.note.counted", { role: "status" });
  const table = make("div.compare");
  const element = make(
    "section.card.stepping",
    { "aria-label": TEXTS.learn.stepping },
    make("div.row.apart", {}, loss, math),
    make(
      "div.row.controls-row",
      {},
      make("label.rate-field", {}, make("span", {}, TEXTS.learn.rate), slider),
      number,
      step,
      reset,
    ),
    counted,
    table,
  );

  async function busy(work) {
    step.disabled = reset.disabled = true;
    try {
      await work();
    } finally {
      step.disabled = false;
    }
  }

  return {
    element,
    show({ learned, label, classes, changed, steps }) {
      const p = learned.probabilities[label];
      loss.replaceChildren(
        make("span", {}, `${TEXTS.learn.loss} `),
        make("b", {}, inDigits(learned.loss)),
        make("span.note", {}, ` = −log ${inDigits(p)}`),
      );
      reset.disabled = steps === 0;
      const before = changed?.before ?? learned;
      const after = changed?.after ?? null;
      counted.textContent =
        steps === 0
          ? TEXTS.learn.noSteps
          : TEXTS.learn.steps(steps) +
            (after ? TEXTS.learn.lossChange(inDigits(before.loss), inDigits(after.loss)) : "");
      const shown = classes
        .map((name, at) => ({
          name,
          at,
          from: before.probabilities[at],
          to: after?.probabilities[at] ?? null,
        }))
        .sort((a, b) => Number(b.at === label) - Number(a.at === label) || b.from - a.from)
        .slice(0, MOST_COMPARED);
      table.replaceChildren(
        make(
          "div.compare-row.head",
          { "aria-hidden": "true" },
          make("span"),
          make("span"),
          make("span", {}, TEXTS.learn.before),
          make("span", {}, TEXTS.learn.after),
        ),
        ...shown.map(({ name, at, from, to }) => {
          const [one, two] = [make("i.was"), make("i.is")];
          one.style.width = `${100 * from}%`;
          two.style.width = `${100 * (to ?? 0)}%`;
          return make(
            `div.compare-row${at === label ? ".right-one" : ""}`,
            {},
            make("span.name", { title: name }, name),
            make("span.pair", { "aria-hidden": "true" }, one, two),
            make("span", {}, inPercent(from)),
            make("b", {}, to === null ? "–" : inPercent(to)),
          );
        }),
      );
    },
  };
}

/** Write a power of ten without an exponent: 0.00001, not 1e-5. */
const inFull = (epsilon) => epsilon.toFixed(Math.max(1, Math.round(-Math.log10(epsilon))));

/** One weight's gradient, measured by nudging it. */
function makeChecking(onCheck, onAny) {
  const which = make("p.which-weight");
  const any = makeButton(TEXTS.check.any, () => onAny());
  const run = makeButton(TEXTS.check.run, () => go(), "main");
  const epsilons = make(
    "select",
    { "aria-label": TEXTS.check.epsilon },
    ...EPSILONS.map((epsilon) =>
      make(
        "option",
        { value: String(epsilon), selected: epsilon === USUAL_EPSILON },
        `ε = ${inFull(epsilon)}`,
      ),
    ),
  );
  epsilons.addEventListener("change", () => run.disabled || go());
  const outcome = make("div.outcome", { role: "status" });
  const element = make(
    "section.card.checking",
    { "aria-label": TEXTS.check.label },
    make("h3", {}, TEXTS.check.title),
    make("p.note", {}, TEXTS.check.intro),
    make("div.dock-formula", {}, formula("check")),
    make("p.note", {}, TEXTS.formulas.sentence(letters("check"))),
    which,
    make("div.row", {}, epsilons, run, any),
    outcome,
  );

  async function go() {
    run.disabled = true;
    try {
      const found = await onCheck(Number(epsilons.value));
      if (found === null) return;
      const { analytic, numeric, lossUp, lossDown, epsilon } = found;
      const digits = digitsInCommon(analytic, numeric);
      const fact = (name, value, kind = "") =>
        make(`div${kind}`, {}, make("dt", {}, name), make("dd", {}, value));
      const verdict =
        analytic === 0 && numeric === 0
          ? TEXTS.check.bothZero
          : digits >= 3
            ? TEXTS.check.agree(Math.min(digits, 9))
            : TEXTS.check.differ;
      outcome.replaceChildren(
        make(
          "dl.facts",
          {},
          fact(TEXTS.check.lossUp(inFull(epsilon)), inDigits(lossUp, 9)),
          fact(TEXTS.check.lossDown(inFull(epsilon)), inDigits(lossDown, 9)),
          fact(TEXTS.check.quotient, inDigits(numeric, 6), ".key"),
          fact(TEXTS.check.backward, inDigits(analytic, 6), ".key"),
        ),
        make(`p.verdict-line${digits >= 3 ? ".good" : ""}`, {}, verdict),
      );
    } finally {
      run.disabled = false;
    }
  }

  return {
    element,
    run: go,
    show(weight, title = "") {
      which.textContent = weight === null ? TEXTS.check.none : title;
      run.disabled = weight === null;
      outcome.replaceChildren();
    },
  };
}

/** Make a card for the logits, then one for each layer from the last to the first. */
function makeViews(model, point) {
  const { layers, classes } = model;
  const views = [logitsView(classes, layers.length, point)];
  const last = layers.length - 1;
  for (let index = last; index >= 0; index--) {
    views.push(...layerViews(layers[index], index, index === last, classes, point));
  }
  return views;
}

function logitsView(classes, index, point) {
  const view = /** @type {View} */ ({ index, explain: explainLogit });
  view.lens = () => [];
  const picture = new Bars({
    names: classes,
    label: TEXTS.cells.barKeys(TEXTS.learn.logitsLabel),
    isSigned: true,
    onPoint: (at, isHeld) => point(view, at, isHeld),
  });
  view.element = card(TEXTS.learn.logits, "p − t", TEXTS.learn.logitsNote, picture.element);
  view.titleOf = (k) => TEXTS.learn.logitOf(classes[k]);
  view.picture = picture;
  view.show = (scene) => picture.paint(scene.derivatives[index]);
  return view;
}

/** One card of a layer: its weights' gradients, its biases', and what goes further back. */
function layerViews(layer, index, isLast, classes, point) {
  const names = Object.keys(layer.parameterShapes);
  const outputs = isLast ? classes : null;
  const parameters = names.map((short) => parameterView(layer, short, outputs, point));
  const back = backView(layer, index, point);
  const parts = parameters.flatMap((view) => view.parts);
  const { words } = LAYERS[layer.type];
  const element = card(layer.name, words.back, words.dx(layer), ...parts, ...back.parts);
  for (const view of [...parameters, back]) view.element = element;
  return [...parameters, back];
}

function parameterView(layer, short, classes, point) {
  const name = `${layer.name}.${short}`;
  const shape = layer.parameterShapes[short];
  const view = gradientView({
    shape,
    caption: captionOf(layer, short),
    point,
    isFlat: shape.length !== 4,
    valuesOf: (scene) => scene.gradients[name],
    explain: (scene, cell) => explainGradient(scene, name, cell),
    title: (cell) => titleOfWeight(layer, short, placeOf(shape, cell), classes),
  });
  return Object.assign(view, { layer, parameter: name });
}

function backView(layer, index, point) {
  const caption =
    index === 0 ? TEXTS.learn.yourInk : TEXTS.learn.goesBackSize(size(layer.inputShape));
  const view = gradientView({
    shape: layer.inputShape,
    caption,
    point,
    largest: index === 0 ? 10 : 30,
    valuesOf: (scene) => scene.derivatives[index],
    stopsOf: (scene) => blocked(layer, scene.outputs[index]),
    explain: (scene, cell) => ({
      ...explainDerivative(scene, index, cell),
      isLast: index === scene.layers.length - 1,
    }),
    title: (cell) =>
      titleOf(
        index === 0 ? TEXTS.learn.ofYourInk : TEXTS.learn.into(layer.name),
        layer.inputShape,
        cell,
      ),
  });
  return Object.assign(view, { layer, index });
}

/**
 * A captioned picture of gradients.
 *
 * @param {object} options
 * @param {number[]} options.shape
 * @param {string} options.caption
 * @param {Point} options.point
 * @param {number} [options.largest] see `Mosaic`
 * @param {boolean} [options.isFlat] there are no maps in it
 * @param {(scene: any) => Float32Array} options.valuesOf
 * @param {(scene: any) => Uint8Array | null} [options.stopsOf]
 * @param {View["explain"]} options.explain
 * @param {View["titleOf"]} options.title
 */
function gradientView({
  shape,
  caption,
  point,
  largest,
  isFlat = false,
  valuesOf,
  stopsOf = () => null,
  explain,
  title,
}) {
  const view = /** @type {View} */ ({ explain, titleOf: title });
  const key = legend(true);
  const picture = new Mosaic({
    layout: layoutOf(shape),
    label: TEXTS.cells.keys(caption),
    isSigned: true,
    largest,
    cell: shape.length === 4 ? 9 : 3,
    onPoint: (cell, ...how) => point(view, cell, ...how),
  });
  view.picture = picture;
  view.parts = [
    make("div.gradient", {}, make("p.caption", {}, caption), picture.element, key.element),
  ];
  view.show = (scene) => {
    const values = valuesOf(scene);
    const range = rangeOf(values);
    picture.paint(values, range, stopsOf(scene));
    key.show(range);
  };
  const shape3 = shape.length === 4 ? [shape[0] * shape[1], ...shape.slice(2)] : shape;
  view.lens = isFlat
    ? () => []
    : lensMaker(shape3, true, valuesOf, picture, TEXTS.learn.gradient, view, point);
  return view;
}

function captionOf(layer, parameter) {
  const { layer: owner, short } = ownerOf(layer, parameter);
  const [length] = owner.parameterShapes[short];
  const words =
    TEXTS.learn.vectors[short]?.(length) ?? LAYERS[owner.type].words.weights?.(owner) ?? "";
  if (owner === layer) return words;
  return TEXTS.learn.inBranch(`${layer.name}.${parameter.slice(0, -short.length - 1)}`, words);
}

/** `classes` are those of a last layer's outputs; other outputs have no names. */
function titleOfWeight(layer, parameter, place, classes) {
  const name = `${layer.name}.${parameter}`;
  const { layer: owner } = ownerOf(layer, parameter);
  const to = (k) => (classes === null ? `${k}` : TEXTS.learn.output(k, classes[k]));
  if (place.length === 1) return TEXTS.learn.vector(name, to(place[0]));
  if (owner.type === "Dense") return TEXTS.learn.denseWeight(name, place[0], to(place[1]));
  return TEXTS.learn.convWeight(name, place[0], spot(place, owner.inputShape[0] === 1));
}
