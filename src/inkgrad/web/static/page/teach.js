/**
 * The panel where people teach the network a class of their own, and where files come and go.
 *
 * @module
 */
import { make, makeButton, percent } from "./elements.js";
import { toNdjson } from "../drawing/ndjson.js";
import { asFileName, openFile, saveFile } from "./files.js";
import { drawSketch } from "./sketch.js";

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
    placeholder: "octopus, my logo, smile …",
  });
  const add = makeButton("Add this drawing", addDrawing, "main");
  const learn = makeButton("Teach it", teach);
  const forget = makeButton("Undo teaching", forgetAll, "quiet");
  const count = make("p.note", { role: "status" });
  const sketches = make("ul.sketches", { id: "own" });
  const result = make("div.stack", { role: "status", id: "taught" });
  const saveDrawings = makeButton("Save drawings", () => {
    const names = [...collection.keys()];
    saveFile(`${asFileName(names.join(" "))}.ndjson`, toNdjson(collection));
  });
  const saveModel = makeButton("Save model", async () => {
    const name = asFileName([session.model.name, ...taught()].join(" "));
    saveFile(`${name}.safetensors`, await session.save());
  });
  const chooser = make("input.hidden", {
    type: "file",
    id: "file",
    accept: ".safetensors,.ndjson,.jsonl,.json",
    multiple: true,
    tabIndex: -1,
    "aria-label": "Open a model or drawings",
    onchange: async () => {
      await openAll(chooser.files);
      chooser.value = "";
    },
  });
  const drop = make(
    "div.drop.stack",
    {},
    make("p", {}, "Models (.safetensors) and drawings (.ndjson) can be dropped here."),
    make(
      "div.row",
      {},
      saveDrawings,
      saveModel,
      makeButton("Open …", () => chooser.click()),
      chooser,
    ),
  );
  root.append(
    make(
      "div.stack",
      {},
      make("h2", {}, "Teach it something of your own"),
      make(
        "p",
        {},
        `Say what it is, and draw it about ${ENOUGH} times, each time a little differently. Then ` +
          "the network's last layer learns it, here in the page, without forgetting the rest.",
      ),
      make("div.row", {}, make("label.field", {}, make("span", {}, "What will you draw?"), field)),
      make("div.row", {}, add, learn, forget),
      count,
      sketches,
      result,
      make("h3", {}, "Files"),
      drop,
      make(
        "p.note",
        {},
        "On the command line: ",
        make("code", {}, "inkgrad predict MODEL DRAWINGS"),
        " asks a model saved here, ",
        make("code", {}, "inkgrad train --data DRAWINGS"),
        " trains a whole network on drawings saved here (of two classes or more).",
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
    learn.textContent = "Learning …";
    update();
    try {
      const start = performance.now();
      const figures = await session.teach(what, drawings);
      const seconds = (performance.now() - start) / 1000;
      say(
        make("p", {}, make("strong", {}, `It knows ${what} now. `), `Try it: draw another one.`),
        make("p.note", {}, inWords(figures, drawings.length, seconds)),
      );
    } catch (error) {
      tell(error);
    }
    isBusy = false;
    learn.textContent = "Teach it";
    update();
  }

  async function forgetAll() {
    try {
      await session.forget();
      say(make("p", {}, "It is as it was when you opened it. Your drawings are still here."));
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
      say(make("p", {}, `${file.name} is open: it knows ${session.model.classes.join(", ")}.`));
      return;
    }
    let n = 0;
    for (const [word, list] of drawings) {
      collection.set(word, [...(collection.get(word) ?? []), ...list]);
      field.value = word;
      n += list.length;
    }
    say(make("p", {}, `${n} drawings of ${[...drawings.keys()].join(", ")} loaded.`));
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
    if (!session.model.hasFeatures) {
      return "This model cannot be taught: its file does not say what its classes look like to the last layer; train it anew with inkgrad train.";
    }
    if (name() === "") return "First give it a name.";
    if (n === 0) return `Draw ${name()} on the pad, then add it.`;
    if (n < FEWEST)
      return `${n} ${n === 1 ? "drawing" : "drawings"} of ${name()}. Draw at least ${FEWEST}.`;
    if (n < ENOUGH) return `${n} of ${name()}: about ${ENOUGH} are good.`;
    return `${n} of ${name()}: that is plenty.`;
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
        remove.setAttribute("aria-label", `Remove drawing ${i + 1} of ${word}`);
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
  const time = `${n} drawings, ${seconds.toFixed(1)} s`;
  return accuracy === undefined ? time : `${time}; ${percent(accuracy)} of them recognised.`;
}
