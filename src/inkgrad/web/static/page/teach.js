/**
 * The panel where people teach the network a class of their own, and where files come and go.
 *
 * @module
 */
import { byId, make, makeButton, percent } from "./elements.js";
import { toNdjson } from "../drawing/ndjson.js";
import { asFileName, openFile, saveFile } from "./files.js";
import { drawSketch } from "./sketch.js";
import { NARROW } from "./tabs.js";
import { TEXTS } from "./texts.js";

const FEWEST = 3; // drawings to teach a class by
const ENOUGH = 12; // from then on more of them help little

/**
 * Show the panel.
 *
 * @param {HTMLElement} root
 * @param {import("./session.js").Session} session
 * @param {import("./pad.js").Pad} pad
 * @param {{ tell: (error: Error) => void }} page
 */
export function mountTeach(root, session, pad, { tell }) {
  const field = make("input", {
    type: "text",
    id: "class-name",
    maxLength: 60,
    autocomplete: "off",
    placeholder: TEXTS.teach.placeholder,
  });
  const add = makeButton(TEXTS.teach.add, addDrawing, "main");
  const learn = makeButton(TEXTS.teach.learn, teach);
  const forget = makeButton(TEXTS.teach.forget, forgetAll, "quiet");
  const count = make("p.note", { role: "status" });
  const slot = make("div");
  const sketches = make("ul.sketches", { id: "own" });
  const result = make("div.stack", { role: "status", id: "taught" });
  const saveDrawings = makeButton(TEXTS.files.saveDrawings, () => {
    const names = [...session.collection.keys()];
    saveFile(`${asFileName(names.join(" "))}.ndjson`, toNdjson(session.collection));
  });
  const saveModel = makeButton(TEXTS.files.saveModel, async () => {
    const name = asFileName([session.model.name, ...taught()].join(" "));
    saveFile(`${name}.safetensors`, await session.save());
  });
  const chooser = make("input.hidden", {
    type: "file",
    id: "file",
    accept: ".safetensors,.ndjson,.jsonl,.json",
    multiple: true,
    tabIndex: -1,
    "aria-label": TEXTS.files.chooser,
    onchange: async () => {
      await openAll(chooser.files);
      chooser.value = "";
    },
  });
  const drop = make(
    "div.drop.stack",
    {},
    make("p", {}, TEXTS.files.drop),
    make(
      "div.row",
      {},
      saveDrawings,
      saveModel,
      makeButton(TEXTS.files.open, () => chooser.click()),
      chooser,
    ),
  );
  root.append(
    make(
      "div.stack",
      {},
      make("h2", {}, TEXTS.teach.title),
      make("p", {}, TEXTS.teach.intro(ENOUGH)),
      slot,
      sketches,
      result,
      make("h3", {}, TEXTS.files.title),
      drop,
      make(
        "p.note",
        {},
        ...TEXTS.files.commands(
          make("code", {}, TEXTS.files.predict),
          make("code", {}, TEXTS.files.train),
        ),
      ),
    ),
  );

  // Where the window is narrow, at the pad: nobody should have to scroll after each drawing.
  const tools = make(
    "div.lesson-tools",
    {},
    make("label.field", {}, make("span", {}, TEXTS.teach.question), field),
    make("div.row", {}, add, learn, forget),
    count,
  );
  const atPad = byId("teaching", HTMLElement);
  const narrow = matchMedia(NARROW);
  function placeTools() {
    atPad.hidden = root.hidden || !narrow.matches;
    (narrow.matches ? atPad : slot).append(tools);
  }
  for (const what of ["shown", "left"]) root.addEventListener(what, placeTools);
  narrow.addEventListener("change", placeTools);
  placeTools();

  const name = () => field.value.trim();
  const taught = () => session.model.taught;
  let isBusy = false;

  function addDrawing() {
    session.addDrawing(name(), session.drawing);
    pad.clear();
  }

  async function teach() {
    const what = name();
    const drawings = session.collection.get(what) ?? [];
    isBusy = true;
    learn.textContent = TEXTS.teach.learning;
    update();
    try {
      const start = performance.now();
      const figures = await session.teach(what, drawings);
      const seconds = (performance.now() - start) / 1000;
      say(
        make("p", {}, make("strong", {}, TEXTS.teach.knows(what)), TEXTS.teach.tryIt),
        make("p.note", {}, inWords(figures, drawings.length, seconds)),
      );
    } catch (error) {
      tell(/** @type {Error} */ (error));
    }
    isBusy = false;
    learn.textContent = TEXTS.teach.learn;
    update();
  }

  async function forgetAll() {
    try {
      await session.forget();
      say(make("p", {}, TEXTS.teach.forgotten));
    } catch (error) {
      tell(/** @type {Error} */ (error));
    }
    update();
  }

  async function openAll(files) {
    for (const file of files) {
      try {
        await take(file);
      } catch (error) {
        tell(/** @type {Error} */ (error));
      }
    }
    update();
  }

  /** @param {File} file */
  async function take(file) {
    const opened = await openFile(file);
    if ("model" in opened) {
      const { model } = opened;
      const called = file.name.replace(/\.safetensors$/, "");
      await session.openModel(called, model, { where: file.name, isFile: true });
      say(make("p", {}, TEXTS.files.isOpen(file.name, session.model.classes)));
      return;
    }
    const drawings = opened.collection;
    session.addDrawings(drawings);
    field.value = [...drawings.keys()].at(-1) ?? "";
    const n = [...drawings.values()].reduce((sum, list) => sum + list.length, 0);
    say(make("p", {}, TEXTS.files.loaded(n, [...drawings.keys()])));
  }

  const say = (...children) => result.replaceChildren(...children);

  function update() {
    if (session.model === null) return;
    const mine = session.collection.get(name()) ?? [];
    add.disabled = isBusy || name() === "" || session.drawing.length === 0;
    learn.disabled = isBusy || mine.length < FEWEST || !session.model.hasFeatures;
    learn.classList.toggle("main", mine.length >= ENOUGH);
    forget.disabled = isBusy || taught().length === 0;
    saveDrawings.disabled = session.collection.size === 0;
    count.textContent = hint(mine.length);
    showSketches();
  }

  function hint(n) {
    if (!session.model.hasFeatures) return TEXTS.teach.cannot;
    if (name() === "") return TEXTS.teach.nameFirst;
    if (n === 0) return TEXTS.teach.drawFirst(name());
    if (n < FEWEST) return TEXTS.teach.few(n, name(), FEWEST);
    if (n < ENOUGH) return TEXTS.teach.more(n, name(), ENOUGH);
    return TEXTS.teach.plenty(n, name());
  }

  /** @type {Map<string, unknown[]> | null} */
  let shown = null; // the collection whose drawings are
  function showSketches() {
    if (session.collection === shown) return; // nothing to draw anew at every move of the pen
    shown = session.collection;
    redraw();
  }

  function redraw() {
    sketches.replaceChildren();
    for (const [word, list] of session.collection) {
      list.forEach((drawing, i) => {
        const canvas = make("canvas", { "aria-hidden": "true" });
        const remove = makeButton("×", () => removeDrawing(word, i), "remove");
        remove.setAttribute("aria-label", TEXTS.teach.remove(i + 1, word));
        sketches.append(make("li.sketch", {}, canvas, make("span.label", {}, word), remove));
        drawSketch(canvas, drawing);
      });
    }
  }

  function removeDrawing(word, i) {
    session.removeDrawing(word, i);
    (sketches.querySelector("button") ?? add).focus();
  }

  field.addEventListener("input", update);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !add.disabled) addDrawing();
  });
  // Files can be dropped anywhere on the page.
  addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) drop.classList.remove("over");
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    void openAll(event.dataTransfer?.files ?? []);
  });
  for (const what of ["model", "collection"]) session.addEventListener(what, update);
  session.addEventListener("seen", update);
  pad.addEventListener("change", update);
  root.addEventListener("colours", redraw);
  update();
}

/** Say how teaching went. */
function inWords({ accuracy }, n, seconds) {
  const time = TEXTS.teach.took(n, seconds.toFixed(1));
  return accuracy === undefined ? time : TEXTS.teach.recognised(time, percent(accuracy));
}
