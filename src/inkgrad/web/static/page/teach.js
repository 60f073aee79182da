/**
 * The panel where people teach the network a class of their own, and where files come and go.
 *
 * @module
 */
import { make, makeButton, percent } from "./elements.js";
import { toNdjson } from "../drawing/ndjson.js";
import { asFileName, openFile, saveFile } from "./files.js";
import { drawSketch } from "./sketch.js";
import { TEXTS } from "./texts.js";

const FEWEST = 3; // drawings to teach a class by
const ENOUGH = 12; // from then on more of them help little

/**
 * Show the panel.
 *
 * @param {HTMLElement} root
 * @param {import("./session.js").Session} session
 * @param {import("./pad.js").Pad} pad
 * @param {{ tell: (error: Error) => void, open: (file: File) => Promise<void> }} page
 */
export function mountTeach(root, session, pad, { tell }) {
  const collection = new Map(); // class → drawings, in the order in which they were begun
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
  const sketches = make("ul.sketches", { id: "own" });
  const result = make("div.stack", { role: "status", id: "taught" });
  const saveDrawings = makeButton(TEXTS.files.saveDrawings, () => {
    const names = [...collection.keys()];
    saveFile(`${asFileName(names.join(" "))}.ndjson`, toNdjson(collection));
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
      make("div.row", {}, make("label.field", {}, make("span", {}, TEXTS.teach.question), field)),
      make("div.row", {}, add, learn, forget),
      count,
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

  const name = () => field.value.trim();
  const taught = () => session.model.classes.slice(known);
  let known = 0; // classes of the model as it was opened
  let isBusy = false;

  function addDrawing() {
    if (!collection.has(name())) collection.set(name(), []);
    collection.get(name()).push(pad.strokes);
    pad.clear();
    update();
  }

  async function teach() {
    const [what, drawings] = [name(), collection.get(name())];
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
      tell(error);
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
      tell(error);
    }
    update();
  }

  async function openAll(files) {
    for (const file of files) {
      try {
        await take(file);
      } catch (error) {
        tell(error);
      }
    }
    update();
  }

  async function take(file) {
    const { model, collection: drawings } = await openFile(file);
    if (model !== undefined) {
      await session.openModel(file.name.replace(/\.safetensors$/, ""), model, file.name);
      say(make("p", {}, TEXTS.files.isOpen(file.name, session.model.classes)));
      return;
    }
    let n = 0;
    for (const [word, list] of drawings) {
      collection.set(word, [...(collection.get(word) ?? []), ...list]);
      field.value = word;
      n += list.length;
    }
    say(make("p", {}, TEXTS.files.loaded(n, [...drawings.keys()])));
  }

  const say = (...children) => result.replaceChildren(...children);

  function update() {
    if (session.model === null) return;
    const mine = collection.get(name()) ?? [];
    add.disabled = isBusy || name() === "" || session.drawing.length === 0;
    learn.disabled = isBusy || mine.length < FEWEST || !session.model.hasFeatures;
    learn.classList.toggle("main", mine.length >= ENOUGH);
    forget.disabled = isBusy || taught().length === 0;
    saveDrawings.disabled = collection.size === 0;
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

  let shown = "";
  function showSketches() {
    const sizes = JSON.stringify([...collection].map(([word, list]) => [word, list.length]));
    if (sizes === shown) return; // nothing to draw anew at every move of the pen
    shown = sizes;
    redraw();
  }

  function redraw() {
    sketches.replaceChildren();
    for (const [word, list] of collection) {
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
    collection.get(word).splice(i, 1);
    if (collection.get(word).length === 0) collection.delete(word);
    update();
    (sketches.querySelector("button") ?? add).focus();
  }

  field.addEventListener("input", update);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !add.disabled) addDrawing();
  });
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    void openAll(event.dataTransfer.files);
  });
  let opened = null; // the name of the model whose classes were counted
  session.addEventListener("model", () => {
    const { name: model, classes } = session.model;
    if (opened !== model || classes.length < known) known = classes.length;
    opened = model;
    update();
  });
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
