/**
 * The whole page put together: pad, guesses, panels, and what holds them.
 *
 * @module
 */
import { Client } from "./client.js";
import { byId, make, makeButton } from "./elements.js";
import { mountGuesses } from "./guesses.js";
import { History } from "./history.js";
import { Keeping } from "./keeping.js";
import { mountLearn } from "./learn.js";
import { LinkError, asSeen, fromLink } from "./link.js";
import { Pad } from "./pad.js";
import { mountPlay } from "./play.js";
import { Session } from "./session.js";
import { mountSharing } from "./sharing.js";
import { mountTabs } from "./tabs.js";
import { mountTeach } from "./teach.js";
import { sentence } from "../text.js";
import { TEXTS, fillTexts } from "./texts.js";
import { mountTheme } from "./theme.js";
import { mountThink } from "./think.js";

/** @type {(keyof import("./keeping.js").Kept)[]} what is another after a link was opened */
const LINKED = ["model", "changes", "answer", "panel"];

/**
 * A model that can be chosen.
 *
 * @typedef {object} Choice
 * @property {string} name
 * @property {string[]} classes
 * @property {() => Promise<Uint8Array>} bytes
 * @property {string} [weights] in what its weights were packed, if they were rounded
 */

/**
 * Bring the page to life.
 *
 * @param {{ makeWorker: () => Worker, models: Choice[] | Promise<Choice[]> }} given
 */
export function start(given) {
  const ready = build(given);
  globalThis.inkgradPage.ready = ready; // once what was kept is there again
  return ready;
}

async function build({ makeWorker, models }) {
  // In a frame of slides or a notebook: the pad and a panel, and nothing else.
  const { dataset } = document.documentElement;
  if (new URLSearchParams(location.search).has("embed")) dataset.embed ??= "";
  fillTexts(document);
  const notice = byId("notice", HTMLElement);
  let timer = 0;
  const tell = (error) => {
    notice.textContent = sentence(error.message ?? error);
    clearTimeout(timer);
    timer = setTimeout(() => (notice.textContent = ""), 12_000);
  };
  addEventListener("unhandledrejection", (event) => tell(event.reason));
  notice.addEventListener("click", () => (notice.textContent = ""));

  const history = new History();
  const session = new Session(new Client(makeWorker()), history);
  const pad = new Pad(byId("pad", HTMLCanvasElement), history);
  // For the curious, at the browser's console: inkgradPage.session.seen, and so on.
  globalThis.inkgradPage = { session, pad, settled: () => session.settled() };
  mountPad(pad, session, tell);
  mountGuesses(byId("guesses", HTMLElement), session);
  mountAbout(byId("about", HTMLElement), session);
  const panels = ["play", "think", "learn", "teach"].map((id) => byId(id, HTMLElement));
  const [play, think, learn, teach] = panels;
  mountPlay(play, session, pad);
  const thinking = mountThink(think, session);
  mountLearn(learn, session);
  mountTeach(teach, session, pad, { tell });
  const tabs = mountTabs(byId("tabs", HTMLElement));
  mountPresenting(byId("present", HTMLButtonElement), () => pad.redraw());
  mountTheme(byId("theme", HTMLButtonElement), () => {
    pad.redraw();
    session.dispatchEvent(new Event("seen")); // redraw what has the old colours
    for (const panel of panels) panel.dispatchEvent(new Event("colours"));
  });
  const keeping = new Keeping({
    drawing: () => pad.strokes,
    collection: () => [...session.collection],
    model: () => ({ name: session.model.name, file: session.file, origin: session.origin }),
    changes: () => (session.isChanged ? session.snapshot() : undefined),
    answer: () => session.answer,
    panel: () => panels.find((panel) => !panel.hidden)?.id,
  });
  const kept = await keeping.begin();
  if (kept.drawing !== undefined && pad.isEmpty) pad.restore(kept.drawing);
  if (kept.collection !== undefined) session.restoreCollection(new Map(kept.collection));
  let link = takeLink(tell);
  const hasTab = link ? link.tab !== null : location.hash !== "";
  if (dataset.embed) tabs.select(dataset.embed);
  else if (!hasTab && kept.panel !== undefined) tabs.select(kept.panel);
  mountKeeping(byId("about", HTMLElement), keeping);
  const shareRoot = make("p.link");
  byId("about", HTMLElement).append(shareRoot);
  mountSharing(shareRoot, session, {
    shown: () => panels.find((panel) => !panel.hidden) ?? panels[0],
    cell: () => thinking.cell,
    tell,
  });
  try {
    const select = byId("models", HTMLSelectElement);
    const shelf = mountModels(select, await models, session, tell);

    /** Do what a link says, once it is known that all of it can be done. */
    const follow = async ({ model, drawing, tab, answer, cell }) => {
      if (model !== null) await shelf.openCalled(model);
      if (drawing !== null) pad.put(drawing); // what was there comes back by Undo
      if (model !== null && answer !== session.answer) session.say(answer);
      if (tab !== null) tabs.select(tab);
      await session.settled();
      if (cell !== null && !thinking.choose(cell)) throw new LinkError(TEXTS.link.noCell(cell));
    };

    try {
      if (link !== null) shelf.check(link);
    } catch (error) {
      link = null;
      tabs.select(kept.panel ?? panels[0].id);
      tell(error);
    }
    if (!link?.model && !(await shelf.reopen(kept))) await shelf.open(0);
    if (link !== null) await follow(link);
    addEventListener("hashchange", async () => {
      try {
        const another = takeLink(tell);
        if (another === null) return;
        shelf.check(another);
        await follow(another);
      } catch (error) {
        tell(error);
      }
    });
  } catch (error) {
    tell(error);
  }
  // From here on, what is kept is what there is.
  pad.addEventListener("change", () => keeping.note("drawing"));
  session.addEventListener("collection", () => keeping.note("collection"));
  session.addEventListener("model", () => {
    keeping.note("model");
    keeping.note("changes");
    keeping.note("answer");
  });
  session.addEventListener("parameters", () => {
    keeping.note("model");
    keeping.note("changes");
  });
  session.addEventListener("answer", () => keeping.note("answer"));
  for (const panel of panels) panel.addEventListener("shown", () => keeping.note("panel"));
  keeping.note("drawing"); // that was begun meanwhile
  if (link !== null) for (const what of LINKED) keeping.note(what);
}

/**
 * Read the link in the address, and take it from there: what is done from now on is kept, and must
 * not be covered by the link at the next reload.
 *
 * @returns {Required<import("./link.js").State> | null} null if none can be read
 */
function takeLink(tell) {
  if (!location.hash.includes("=")) return null;
  const plain = location.pathname + location.search;
  try {
    const link = fromLink(location.hash);
    globalThis.history.replaceState(null, "", link?.tab ? `#${link.tab}` : plain);
    return link;
  } catch (error) {
    globalThis.history.replaceState(null, "", plain);
    tell(error);
    return null;
  }
}

/** Undo, redo, clear, and showing the drawing to the model. */
function mountPad(pad, session, tell) {
  const [undo, redo, clear] = ["undo", "redo", "clear"].map((id) => byId(id, HTMLButtonElement));
  const prompt = byId("prompt", HTMLElement);
  prompt.textContent = TEXTS.pad.prompt;

  function update() {
    undo.disabled = !pad.history.canUndo && pad.isEmpty;
    redo.disabled = !pad.history.canRedo;
    clear.disabled = pad.isEmpty;
    prompt.hidden = !pad.isEmpty;
  }

  undo.addEventListener("click", () => pad.undo());
  redo.addEventListener("click", () => pad.redo());
  clear.addEventListener("click", () => pad.clear());
  for (const button of [undo, redo, clear]) {
    button.addEventListener("click", () => {
      if (button.disabled) byId("pad", HTMLElement).focus({ preventScroll: true }); // never lost
    });
  }
  addEventListener("keydown", (event) => {
    const isText = /** @type {Element} */ (event.target).matches("input, textarea");
    if (!(event.ctrlKey || event.metaKey) || isText) return;
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) pad.undo();
    else if (key === "y" || key === "z") pad.redo();
    else return;
    event.preventDefault();
  });
  pad.history.addEventListener("change", update);
  pad.addEventListener("change", () => {
    update();
    const drawing = asSeen(pad.strokes);
    if (session.model !== null) session.show(drawing).catch(tell);
    else session.drawing = drawing; // shown as soon as there is a model
  });
  update();
}

/** Choose among the models. */
function mountModels(select, models, session, tell) {
  const choices = [...models];
  const options = choices.map(({ name, classes }, i) => makeOption(name, classes, i));
  select.replaceChildren(...options);

  function makeOption(name, classes, i) {
    const title = TEXTS.page.list(classes);
    return make("option", { value: String(i), title }, TEXTS.page.modelName(name, classes.length));
  }

  const open = async (i) => {
    const { name, bytes, isFile = false, weights = null } = choices[i];
    await session.openModel(name, await bytes(), { isFile, weights });
  };
  select.addEventListener("change", async () => {
    try {
      await open(Number(select.value));
    } catch (error) {
      show(); // the model before is still there
      tell(error);
    }
  });

  /** Show which model is open; one from a file stays among the others. */
  function show() {
    const { name, classes } = session.model;
    const { file } = session;
    const isFile = file !== null;
    let at = choices.findIndex((one) => one.name === name && (one.isFile ?? false) === isFile);
    if (at < 0) {
      at = choices.length;
      options.push(makeOption(name, classes, at));
      select.append(options[at]);
    }
    if (isFile || at === choices.length) {
      choices[at] = { name, classes, isFile, bytes: async () => file };
    }
    options[at].textContent = TEXTS.page.modelName(name, classes.length);
    options[at].selected = true;
  }
  session.addEventListener("model", show);

  const called = (name) => choices.findIndex((one) => one.name === name);

  /** Open a model by its name, if it is not open, as it was made. */
  async function openCalled(name) {
    const isOpen = session.model?.name === name && !session.isChanged;
    if (!isOpen) await open(called(name));
  }

  /** Throw a `LinkError` if a link is about a model that is not here, or about another one. */
  function check({ model, answer }) {
    if (model === null) return;
    const choice = choices[called(model)];
    if (choice === undefined) throw new LinkError(TEXTS.link.noModel(model));
    if (answer !== null && !choice.classes.includes(answer)) {
      throw new LinkError(TEXTS.link.noAnswer(model, answer));
    }
  }

  return { open, openCalled, check, reopen };

  /** Open the model that was open before, with all that was done to it; false if it cannot be. */
  async function reopen(/** @type {import("./keeping.js").Kept} */ { model, changes, answer }) {
    if (model === undefined) return false;
    try {
      const { name, file } = model;
      const at = choices.findIndex((one) => one.name === name);
      if (file === null && at < 0) return false;
      if (file !== null) await session.openModel(name, file, { isFile: true });
      else await open(at);
      if (session.origin !== model.origin) return true; // another model of the same name
      if (changes !== undefined) await session.restore(changes);
      if (answer) session.say(answer);
      return true;
    } catch (error) {
      tell(error);
      return session.model !== null;
    }
  }
}

/** Make everything larger, on the whole screen, for a projector; and back. */
function mountPresenting(button, onchange) {
  const root = document.documentElement;
  const show = (isOn) => {
    root.classList.toggle("presenting", isOn);
    button.setAttribute("aria-pressed", String(isOn));
    onchange();
  };
  button.addEventListener("click", async () => {
    const isOn = !root.classList.contains("presenting");
    show(isOn);
    try {
      if (isOn) await root.requestFullscreen();
      else if (document.fullscreenElement !== null) await document.exitFullscreen();
    } catch {
      // a frame may not, or this browser cannot: larger it is all the same
    }
  });
  document.addEventListener("fullscreenchange", () => {
    if (document.fullscreenElement === null) show(false);
  });
  show(new URLSearchParams(location.search).has("present"));
}

/** Say whether what is done here is kept, and let it be forgotten. */
function mountKeeping(root, keeping) {
  const said = make("span", {}, TEXTS.keeping.kept);
  const forget = makeButton(
    TEXTS.keeping.forget,
    async () => {
      await keeping.clear();
      location.reload();
    },
    "quiet",
  );
  root.append(make("p.kept", {}, said, forget));
  const refuse = () => {
    said.textContent = TEXTS.keeping.refused;
    forget.hidden = true;
  };
  keeping.addEventListener("refused", refuse);
  if (keeping.isRefused) refuse();
}

/** Say what the model is and where its drawings are from. */
function mountAbout(root, session) {
  const facts = make("p");
  const source = make("p");
  root.append(facts, source, make("p", {}, TEXTS.page.private));
  function update() {
    const { name, classes, record, size } = session.model;
    const trained = record.drawings?.train;
    const test = session.isChanged ? undefined : record.test;
    facts.textContent =
      TEXTS.page.facts(name, classes.length, size) +
      (trained ? TEXTS.page.trained(trained) : "") +
      (test ? TEXTS.page.tested(test.top1, test.n, test.balanced_accuracy) : "") +
      ". " +
      (session.weights === null ? "" : TEXTS.page.weights(session.weights)) +
      (session.isChanged ? TEXTS.page.changed : "") +
      (record.taught ?? []).map((one) => TEXTS.page.taught(one.class, one.drawings)).join("");
    const attribution = record.data?.attribution;
    source.textContent = attribution ? TEXTS.page.source(attribution) : "";
  }
  session.addEventListener("model", update);
  session.addEventListener("parameters", update);
}
