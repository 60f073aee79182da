/**
 * See it think: every layer's picture of the drawing, and the arithmetic behind each cell of it.
 *
 * @module
 */

import { Bars } from "./bars.js";
import { Dock, size, titleOf } from "./dock.js";
import { make } from "./elements.js";
import { placeOf } from "../layers/explanation.js";
import { LAYERS } from "../layers/index.js";
import { explainProbability } from "../layers/softmax.js";
import { explainOutput } from "../network/explain.js";
import { inDigits, inPercent } from "./figures.js";
import { layoutOf, pictures } from "./layouts.js";
import { Mosaic, legend, repaint } from "./mosaic.js";
import { rangeOf } from "./pictures.js";
import { TEXTS } from "./texts.js";
import { makeWhy } from "./why.js";

/** @typedef {import("../layers/explanation.js").Explained} Explained */
/** @typedef {import("../layers/explanation.js").Layer} Layer */
/** @typedef {import("../layers/explanation.js").Source} Source */

/**
 * Somebody points at a cell; held: by a click, a tap or a key.
 *
 * @typedef {(view: View, cell: number, isHeld: boolean, isClick?: boolean) => void} Point
 */

/**
 * Makes what `Dock.show` takes: the map in which a source or a cell lies, enlarged; none where
 * there are no maps.
 *
 * @typedef {(all: any, source?: Pick<Source, "boxes">, map?: number | null, cell?: number | null,
 *   caption?: string) => { caption: string, element: HTMLElement }[]} Lens
 */

/**
 * A picture of some of a network's numbers, in a card, each of which can be explained.
 *
 * @typedef {object} View
 * @property {HTMLElement} element
 * @property {HTMLElement[]} parts of the card
 * @property {Mosaic | Bars} picture
 * @property {Layer} [layer]
 * @property {number} [index] in Learn: of what comes out of which layer these are the derivatives
 * @property {string} [parameter] in Learn: of which these are the gradients
 * @property {(scene: any, cell: number) => Explained} explain
 * @property {(cell: number) => string} titleOf
 * @property {(all: any) => void} show
 * @property {Lens} lens
 */

const ROOMY = "(min-width: 60rem) and (min-height: 44rem) and (hover: hover)";

/**
 * Fill the panel.
 *
 * @param {HTMLElement} root
 * @param {import("./session.js").Session} session
 */
export function mountThink(root, session) {
  const intro = make("p.note", {}, make("b", {}, TEXTS.think.introFirst), " ", TEXTS.think.intro);
  const layers = make("div.layers");
  const dock = new Dock();
  const why = makeWhy(root, session, () => choose(null)); // a cell's arithmetic would cover it
  root.append(make("h2.hidden", {}, TEXTS.think.title), intro, why, layers, dock.element);

  let views = []; // one a layer's output, from the input to the softmax
  /** @type {{ view: View, cell: number } | null} */
  let chosen = null; // {view, cell}
  let isHeld = false; // by a click or a key: pointing elsewhere does not change it
  let isStale = true;
  let isBuilt = false; // a panel that nobody sees is not built
  /** @type {{ name: string, cell: number } | null} */
  let wished = null; // a cell that is to be chosen as soon as it can be
  let isFresh = true; // nothing was ever chosen: then a cell is, where there is room

  const scene = () => ({ ...session.model, ...session.seen });

  function rebuild() {
    for (const view of views) view.picture.disconnect();
    isBuilt = !root.hidden;
    chosen = null;
    isHeld = false;
    dock.clear();
    views = session.model === null || !isBuilt ? [] : makeViews(session.model, point);
    layers.replaceChildren(...views.map((view) => view.element));
    isStale = true;
    update();
  }

  function update() {
    isStale = true;
    if (root.hidden || session.model === null) return;
    if (!session.lookInside()) return; // it is called again when the outputs are there
    isStale = false;
    const { seen } = session;
    for (const view of views) view.show(seen);
    root.classList.toggle("without", seen === null);
    if (wished !== null && seen !== null) {
      const { name, cell } = wished;
      wished = null;
      isHeld = true;
      choose({ view: views[namesOf(session.model).indexOf(name)], cell });
    } else if (seen === null) choose(null);
    else if (isFresh && matchMedia(ROOMY).matches)
      choose(strongest(views, session.model.layers, seen));
    else explain();
  }

  /** Hold a cell that was clicked, tapped or walked to, or let it go; else follow a pointer. */
  function point(view, cell, holds, isClick = false) {
    if (isStale || (!holds && (isHeld || chosen === null))) return;
    const isAgain = isClick && isHeld && chosen?.view === view && chosen?.cell === cell;
    isHeld = holds && !isAgain;
    choose({ view, cell });
    if (holds) dock.uncover(view.picture.spot());
  }

  function choose(what) {
    if (what === null) isHeld = false;
    else isFresh = false;
    chosen = what;
    explain();
  }

  /** Write out the chosen cell and mark it, and the cells it came from. */
  function explain() {
    if (chosen === null) {
      dock.clear();
      for (const { picture } of views) picture.mark(-1);
      return;
    }
    const { view, cell } = chosen;
    const at = views.indexOf(view);
    const explained = view.explain(scene(), cell);
    for (const [index, { picture }] of views.entries()) {
      const boxes = explained.sources.find((source) => source.index === index)?.boxes;
      picture.mark(index === at ? cell : -1, boxes);
    }
    const before = views[at - 1];
    dock.show(explained, {
      title: view.titleOf(cell),
      layer: view.layer,
      classes: session.model.classes,
      lenses: [
        ...(before
          ? before.lens(session.seen, explained.sources[0], explained.parts?.[0]?.map)
          : []),
        ...view.lens(session.seen, { boxes: [{ cell, rows: 1, columns: 1 }] }, null, cell),
      ],
    });
    dock.element.classList.toggle("held", isHeld);
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
    isStale = true;
    if (!root.hidden) update();
  });
  session.addEventListener("model", () => {
    wished = null;
    rebuild();
  });
  session.addEventListener("seen", update);
  session.lookers.push(() => !root.hidden);
  rebuild();
  return {
    /** The cell that is chosen, "conv1:123"; null if none is. */
    get cell() {
      if (wished !== null) return `${wished.name}:${wished.cell}`;
      if (chosen === null) return null;
      return `${namesOf(session.model)[views.indexOf(chosen.view)]}:${chosen.cell}`;
    },

    /**
     * Choose a cell as soon as the panel is seen; false if there is no such cell.
     *
     * @param {string} text
     */
    choose(text) {
      const { model } = session;
      const [name, number] = text.split(":");
      const at = namesOf(model).indexOf(name);
      const shape = at > 0 ? (model.layers[at - 1]?.outputShape ?? [model.classes.length]) : null;
      const cells = (shape ?? model.layers[0].inputShape).reduce((n, side) => n * side, 1);
      if (at < 0 || !(Number(number) < cells)) return false;
      wished = { name, cell: Number(number) };
      update();
      return true;
    },
  };
}

/** Return what the cards are called in links, from the input to the softmax. */
function namesOf({ layers }) {
  return ["input", ...layers.map(({ name }) => name), "softmax"];
}

/** Make a card for the input, each layer and the softmax. */
function makeViews(model, point) {
  const { layers, classes } = model;
  const inputShape = layers[0].inputShape;
  const views = [inputView(inputShape, point)];
  let isSigned = false; // the ink is not
  layers.forEach((layer, index) => {
    isSigned = isSignedAfter({ type: layer.type, ...layer.settings }, isSigned);
    const isLast = index === layers.length - 1;
    views.push(
      isLast ? logitsView(layer, index, classes, point) : layerView(layer, index, isSigned, point),
    );
  });
  views.push(softmaxView(classes, point));
  return views;
}

/** Tell whether a layer may give numbers below 0; `isSigned`: whether it may be given some. */
function isSignedAfter({ type, branches }, isSigned) {
  if (["BatchNorm", "Conv2D", "Dense"].includes(type)) return true;
  if (type === "ReLU") return false;
  if (type !== "Parallel") return isSigned;
  const after = (is, layer) => isSignedAfter(layer, is);
  return branches.some((layers) => layers.reduce(after, isSigned));
}

/**
 * @param {number[]} shape
 * @param {Point} point
 */
function inputView(shape, point) {
  return pictureView({
    name: TEXTS.think.drawing,
    shape,
    note: TEXTS.think.drawingNote(shape.at(-2), shape.at(-1)),
    index: 0,
    isSigned: false,
    point,
    explain: (scene, cell) => ({
      kind: "input",
      value: scene.outputs[0][cell],
      sources: [],
    }),
  });
}

function layerView(layer, index, isSigned, point) {
  return pictureView({
    layer,
    name: layer.name,
    shape: layer.outputShape,
    note: LAYERS[layer.type].words.y(layer),
    index: index + 1,
    isSigned,
    point,
    explain: (scene, cell) => explainOutput(scene, index, cell),
  });
}

/**
 * A card with a mosaic of one layer's output.
 *
 * @param {object} options
 * @param {Layer} [options.layer]
 * @param {string} options.name
 * @param {number[]} options.shape
 * @param {string} options.note
 * @param {number} options.index
 * @param {boolean} options.isSigned
 * @param {Point} options.point
 * @param {View["explain"]} options.explain
 */
function pictureView({ layer, name, shape, note, index, isSigned, point, explain }) {
  const view = /** @type {View} */ ({ layer, explain });
  const key = legend(isSigned);
  const picture = new Mosaic({
    layout: layoutOf(shape),
    label: TEXTS.cells.keys(TEXTS.think.layer(name, size(shape))),
    isSigned,
    largest: index === 0 ? 8 : 30,
    onPoint: (cell, ...how) => point(view, cell, ...how),
  });
  picture.first = middle(shape);
  view.picture = picture;
  view.element = card(name, size(shape), note, picture.element, key.element);
  view.titleOf = (cell) => titleOf(name, shape, cell);
  view.show = (seen) => {
    const values = seen?.outputs[index] ?? null;
    const range = index === 0 ? 1 : values === null ? 0 : rangeOf(values);
    picture.paint(values, range);
    key.show(range);
  };
  view.lens = lensMaker(shape, isSigned, (seen) => seen.outputs[index], picture, name, view, point);
  return view;
}

/**
 * Make what enlarges one map: a picture in the dock, in which a cell can be picked exactly.
 *
 * @param {number[]} shape
 * @param {boolean} isSigned
 * @param {(all: any) => Float32Array} valuesOf finds the numbers of all maps
 * @param {Mosaic} picture of all maps: the lens has its range and its closed cells
 * @param {string} name
 * @param {View} view
 * @param {Point} point
 * @returns {Lens}
 */
export function lensMaker(shape, isSigned, valuesOf, picture, name, view, point) {
  if (shape.length !== 3) return () => [];
  const [, rows, columns] = shape;
  let map = 0;
  const lens = new Mosaic({
    layout: pictures([1, rows, columns]),
    label: name,
    isSigned,
    isLoupe: true,
    onPoint: (cell, isHeld) => isHeld && point(view, map * rows * columns + cell, true),
  });
  return (all, source, wished, cell = null, caption = name) => {
    const boxes = source?.boxes ?? [];
    if (boxes.length === 0) return [];
    map = wished ?? placeOf(shape, boxes[0].cell)[0];
    const start = map * rows * columns;
    const here = boxes.filter((box) => box.cell >= start && box.cell < start + rows * columns);
    const moved = here.map((box) => ({ ...box, cell: box.cell - start }));
    const part = [start, start + rows * columns];
    lens.paint(valuesOf(all).subarray(...part), picture.range, picture.stops?.subarray(...part));
    lens.mark(cell === null ? -1 : cell - start, cell === null ? moved : []);
    return [
      { caption: shape[0] === 1 ? caption : TEXTS.cells.lens(caption, map), element: lens.element },
    ];
  };
}

function logitsView(layer, index, classes, point) {
  const explain = (/** @type {any} */ scene, /** @type {number} */ k) =>
    explainOutput(scene, index, k);
  const view = /** @type {View} */ ({ layer, explain });
  const picture = new Bars({
    names: classes,
    label: TEXTS.cells.barKeys(TEXTS.think.logitsOf(layer.name)),
    isSigned: true,
    write: (value) => inDigits(value),
    onPoint: (at, isHeld) => point(view, at, isHeld),
  });
  view.element = card(
    layer.name,
    TEXTS.think.logits,
    TEXTS.think.oneAClass(LAYERS[layer.type].words.y(layer)),
    picture.element,
  );
  view.titleOf = (k) => TEXTS.think.logitOf(layer.name, classes[k]);
  view.picture = picture;
  view.show = (seen) => picture.paint(seen?.outputs[index + 1] ?? null);
  view.lens = () => [];
  return view;
}

function softmaxView(classes, point) {
  const view = /** @type {View} */ ({ explain: explainProbability });
  const picture = new Bars({
    names: classes,
    label: TEXTS.cells.barKeys(TEXTS.think.softmaxLabel),
    write: inPercent,
    onPoint: (at, isHeld) => point(view, at, isHeld),
  });
  view.element = card(
    TEXTS.think.softmax,
    TEXTS.think.answer,
    TEXTS.think.softmaxNote,
    picture.element,
  );
  view.titleOf = (k) => TEXTS.think.probabilityOf(classes[k]);
  view.picture = picture;
  view.show = (seen) => picture.paint(seen?.probabilities ?? null);
  view.lens = () => [];
  return view;
}

/** A layer's card. */
export function card(name, shape, note, ...parts) {
  return make(
    "article.card.layer",
    {},
    make("header", {}, make("h3", {}, name), make("span.shape", {}, shape)),
    make("p.note", {}, note),
    ...parts,
  );
}

/** Return the largest number that the first convolution gave, to begin with. */
function strongest(views, layers, { outputs }) {
  const index =
    Math.max(
      0,
      layers.findIndex(({ type }) => type === "Conv2D"),
    ) + 1;
  const values = outputs[index];
  let cell = 0;
  for (let at = 0; at < values.length; at++) if (values[at] > values[cell]) cell = at;
  return { view: views[index], cell };
}

/** Return the middle of the first map, where a walk by keys begins. */
function middle(shape) {
  if (shape.length === 1) return 0;
  const [rows, columns] = shape.slice(-2);
  return Math.floor(rows / 2) * columns + Math.floor(columns / 2);
}
