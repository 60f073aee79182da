/**
 * Why? Which strokes made the network say so, and three other ways to see it.
 *
 * Nothing is computed before somebody opens it, nor while a pen moves; and what takes long is
 * computed in slices between which the worker answers others.
 *
 * @module
 */

import { intoFrame } from "../drawing/simplify.js";
import { boundingBox } from "../drawing/strokes.js";
import { occlusionMap } from "../network/attribution.js";
import { partsOf } from "../network/parts.js";
import { contextOf, make, makeSvg } from "./elements.js";
import { inDigits } from "./figures.js";
import { placeLabels } from "./labels.js";
import { legend, shade } from "./mosaic.js";
import { rangeOf } from "./pictures.js";
import { TEXTS } from "./texts.js";

const VIEWS = /** @type {const} */ (["strokes", "occlusion", "cam", "gradient"]);
const REST = 150; // milliseconds without a new answer: the pen rests
const MOST = 6; // strokes in the list
const LABELS = 8; // numbers beside strokes
const FAINT = 0.05; // of the largest number: no label below this

/**
 * @typedef {object} Found
 * @property {number[] | null} falls of the log-odds, without each stroke
 * @property {ArrayLike<number> | null} map of the picture's pixels
 * @property {string} note what it means
 */

/**
 * Make what explains the answer.
 *
 * @param {HTMLElement} panel in which it is
 * @param {import("./session.js").Session} session
 * @param {() => void} onOpen
 * @returns {HTMLElement}
 */
export function makeWhy(panel, session, onOpen) {
  const title = make("h3");
  const canvas = make("canvas", { "aria-hidden": "true" });
  const drawing = makeSvg("svg", { "aria-hidden": "true" });
  const figure = make("figure.why-picture", { role: "img" }, canvas, drawing);
  const choice = make("select", { onchange: ask });
  const note = make("p.note");
  const key = legend(true);
  const list = make("ol.why-list", { "aria-label": TEXTS.why.list });
  const heard = make("p.hidden", { role: "status" });
  const radios = VIEWS.map((value, at) =>
    make("input", { type: "radio", name: "why-view", value, checked: at === 0, onchange: ask }),
  );
  const chips = radios.map((radio, at) =>
    make("label.chip", {}, radio, make("span", {}, TEXTS.why.views[VIEWS[at]])),
  );
  const words = make(
    "div.why-words",
    {},
    make("label.why-class", {}, make("span", {}, TEXTS.why.explain), choice),
    make("fieldset.why-views", {}, make("legend.hidden", {}, TEXTS.why.how), ...chips),
    note,
    key.element,
    list,
    heard,
  );
  const body = make("div.why-body", {}, figure, words);
  const element = make(
    "details.card.why",
    { ontoggle: toggled },
    make("summary", {}, title, make("span.note", {}, TEXTS.why.summary)),
    body,
  );
  /** What was asked last: drawing, weights, view, class. @type {unknown[]} */
  let asked = [];
  let timer = 0;

  const view = () => VIEWS[radios.findIndex((radio) => radio.checked)];

  /** Return the number of the class to explain. */
  function label() {
    const { probabilities } = /** @type {{ probabilities: Float32Array }} */ (session.seen);
    if (choice.value !== "") return Number(choice.value);
    return probabilities.indexOf(Math.max(...probabilities));
  }

  function toggled() {
    if (element.open) onOpen();
    ask();
  }

  /** Say what is asked about, now, and answer when the pen rests. */
  function update() {
    const { seen, model } = session;
    title.textContent = seen === null ? TEXTS.why.nothing : TEXTS.why.title(model.classes[label()]);
    if (seen !== null && seen.drawing === asked[0] && model.parameters === asked[1]) return;
    asked = []; // an answer that is on its way comes too late
    element.classList.add("stale");
    askSoon();
  }

  function askSoon() {
    clearTimeout(timer);
    timer = setTimeout(ask, REST);
  }

  async function ask() {
    clearTimeout(timer);
    const { seen, model } = session;
    body.hidden = seen === null;
    if (seen === null || panel.hidden || !element.open) return;
    const k = label();
    const wanted = [seen.drawing, model.parameters, view(), k];
    if (wanted.every((what, i) => what === asked[i])) return;
    asked = wanted;
    title.textContent = TEXTS.why.title(model.classes[k]);
    element.classList.add("stale");
    try {
      /** @type {Found | null} */
      let found = null; // while the worker was shown the drawing anew
      while (found === null && asked === wanted) found = await find(session, view(), k);
      if (found !== null && asked === wanted) show(found, model.classes[k], seen);
    } catch (error) {
      if (asked === wanted) refuse(/** @type {Error} */ (error));
    }
  }

  function repaint() {
    asked = [];
    ask();
  }

  /** @param {Found} found */
  function show({ falls, map, note: meaning }, name, seen) {
    const { side, pen, padding } = session.model.raster;
    const framed = intoFrame(seen.drawing);
    const parts = partsOf(framed);
    const scale = side / (256 + 2 * padding + pen);
    const [, largest] = boundingBox(framed);
    const shift = largest.map((end) => (256 - end) / 2 + padding + pen / 2);
    const lines = parts.map(({ strokes }) =>
      strokes.map(([xs, ys]) =>
        Array.from(xs, (x, i) => [(x + shift[0]) * scale, (ys[i] + shift[1]) * scale]),
      ),
    );
    const names = parts.map(TEXTS.why.part);
    const range = rangeOf(falls ?? map ?? []);
    drawing.setAttribute("viewBox", `0 0 ${side} ${side}`);
    drawing.setAttribute("font-size", String(side / 24));
    drawing.replaceChildren(...(falls ? inked(lines, names, falls, range, side) : [ghost(lines)]));
    paint(canvas, side, map, range);
    note.textContent = meaning;
    key.element.hidden = view() === "cam"; // which has no unit that means anything
    key.show(range);
    list.hidden = falls === null;
    if (falls !== null) list.replaceChildren(...rows(falls, names, range, drawing));
    const most = ranked(falls ?? []).slice(0, 3);
    const spoken = most.map((i) => `${names[i]}: ${signed(falls?.[i] ?? 0)}`);
    const said = falls ? TEXTS.why.heard(name, spoken) : "";
    heard.textContent = said || meaning;
    figure.setAttribute("aria-label", said || TEXTS.why.picture(TEXTS.why.views[view()]));
    element.classList.remove("stale");
  }

  /** @param {Error} error */
  function refuse({ message }) {
    note.textContent = message;
    drawing.replaceChildren();
    list.replaceChildren();
    key.element.hidden = true;
    element.classList.remove("stale");
  }

  function rebuild() {
    const { model } = session;
    if (model === null) return;
    const options = model.classes.map((name, k) => make("option", { value: String(k) }, name));
    choice.replaceChildren(make("option", { value: "" }, TEXTS.why.likeliest), ...options);
    update();
  }

  session.addEventListener("model", rebuild);
  session.addEventListener("seen", update);
  panel.addEventListener("shown", askSoon); // the layers' outputs are asked for first
  panel.addEventListener("colours", repaint);
  rebuild();
  return element;
}

/**
 * @param {import("./session.js").Session} session
 * @param {typeof VIEWS[number]} view
 * @param {number} k
 * @returns {Promise<Found | null>} null if the drawing or the model changed meanwhile
 */
async function find(session, view, k) {
  const name = session.model.classes[k];
  if (view === "strokes" || view === "occlusion") {
    const falls = await session.ablate(view, k);
    if (falls === null) return null;
    if (view === "strokes") return { falls, map: null, note: TEXTS.why.strokes(name) };
    const map = occlusionMap(session.model.layers[0].inputShape, falls);
    return { falls: null, map, note: TEXTS.why.occlusion(name) };
  }
  const { gradient, cam, camLayer } = await session.attribute(k);
  if (view === "gradient") return { falls: null, map: gradient, note: TEXTS.why.gradient(name) };
  const note = camLayer === null ? TEXTS.why.noMaps : TEXTS.why.cam(name, camLayer);
  return { falls: null, map: cam, note };
}

/** Return the strokes' numbers, those that matter most first. */
function ranked(falls) {
  return falls.map((_, i) => i).sort((a, b) => Math.abs(falls[b]) - Math.abs(falls[a]));
}

/** Return the strokes in their colours, those that matter most on top, and numbers beside them. */
function inked(lines, names, falls, range, side) {
  const order = ranked(falls);
  const marks = order.map((i) => {
    const d = lines[i].map(pathOf).join("");
    const mark = makeSvg("path", { d, class: falls[i] > 0 ? "for" : "against" });
    mark.style.strokeOpacity = String(range > 0 ? Math.abs(falls[i]) / range : 0);
    const group = makeSvg("g", { "data-stroke": String(i) }, makeSvg("path", { d }), mark);
    group.append(makeSvg("title", {}, `${names[i]}: ${signed(falls[i])}`));
    return group;
  });
  const chosen = order.slice(0, LABELS).filter((i) => Math.abs(falls[i]) > FAINT * range);
  const texts = chosen.map((i) => signed(falls[i]));
  const places = placeLabels(
    chosen.map((i) => lines[i]),
    lines.flat(2),
    texts.map(({ length }) => 0.4 * length),
    side,
  );
  const labels = places.map(([x, y], at) => {
    const sign = falls[chosen[at]] > 0 ? "for" : "against";
    return makeSvg("text", { x: String(x), y: String(y), class: sign }, texts[at]);
  });
  return [...marks.reverse(), ...labels];
}

/** Return the whole drawing, thin, to lie over a map. */
function ghost(lines) {
  return makeSvg("path", { d: lines.flat().map(pathOf).join(""), class: "ghost" });
}

/** @param {number[][]} line one point is a dot */
function pathOf(line) {
  const points = line.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`);
  return `M${points.join("L")}${points.length === 1 ? "h0" : ""}`;
}

/** Draw a map, a pixel a number. */
function paint(canvas, side, map, range) {
  canvas.width = canvas.height = side;
  if (map === null) return;
  const context = contextOf(canvas);
  const image = context.createImageData(side, side);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = shade(map[i], range, true);
  context.putImageData(image, 0, 0);
}

/** Return rows with bars of the strokes that matter most; the one pointed at is shown. */
function rows(falls, names, range, drawing) {
  const found = ranked(falls)
    .slice(0, MOST)
    .map((i) => {
      const bar = make(falls[i] > 0 ? "i.for" : "i.against");
      bar.style.width = `${(100 * Math.abs(falls[i])) / (range || 1)}%`;
      const point = (isOn) => () =>
        drawing.querySelector(`[data-stroke="${i}"]`)?.classList.toggle("pointed", isOn);
      const row = make(
        "li",
        { tabIndex: 0, onfocus: point(true), onblur: point(false) },
        make("span", {}, names[i]),
        make("span.why-bar", { "aria-hidden": "true" }, bar),
        make("b", {}, signed(falls[i])),
      );
      row.addEventListener("pointerenter", point(true));
      row.addEventListener("pointerleave", point(false));
      return row;
    });
  const others = falls.length - found.length;
  return others > 0 ? [...found, make("li.note", {}, TEXTS.why.others(others))] : found;
}

/** @param {number} value */
function signed(value) {
  return `${value > 0 ? "+" : ""}${inDigits(value, Math.abs(value) < 10 ? 2 : 3)}`;
}
