/**
 * The whole page put together: pad, guesses, panels, and what holds them.
 *
 * @module
 */
import { Client } from "./client.js";
import { make } from "./elements.js";
import { mountGuesses } from "./guesses.js";
import { mountLearn } from "./learn.js";
import { Pad } from "./pad.js";
import { mountPlay } from "./play.js";
import { Session } from "./session.js";
import { mountTabs } from "./tabs.js";
import { mountTeach } from "./teach.js";
import { sentence } from "../text.js";
import { TEXTS, fillTexts } from "./texts.js";
import { mountTheme } from "./theme.js";
import { mountThink } from "./think.js";

/**
 * A model that can be chosen.
 *
 * @typedef {{ name: string, classes: string[], bytes: () => Promise<Uint8Array> }} Choice
 */

/**
 * Bring the page to life.
 *
 * @param {{ makeWorker: () => Worker, models: Choice[] | Promise<Choice[]> }} given
 */
export async function start({ makeWorker, models }) {
  fillTexts(document);
  const notice = byId("notice");
  let timer = 0;
  const tell = (error) => {
    notice.textContent = sentence(error.message ?? error);
    clearTimeout(timer);
    timer = setTimeout(() => (notice.textContent = ""), 12_000);
  };
  addEventListener("unhandledrejection", (event) => tell(event.reason));
  notice.addEventListener("click", () => (notice.textContent = ""));

  const session = new Session(new Client(makeWorker()));
  const pad = new Pad(byId("pad"));
  // For the curious, at the browser's console: inkgradPage.session.seen.outputs, and so on.
  globalThis.inkgradPage = { session, pad, settled: () => session.settled() };
  mountPad(pad, session, tell);
  mountGuesses(byId("guesses"), session);
  mountAbout(byId("about"), session);
  const panels = ["play", "think", "learn", "teach"].map(byId);
  const [play, think, learn, teach] = panels;
  mountPlay(play, session, pad);
  mountThink(think, session);
  mountLearn(learn, session);
  mountTeach(teach, session, pad, { tell });
  mountTabs(document.querySelector("[role=tablist]"));
  mountTheme(byId("theme"), () => {
    pad.redraw();
    session.dispatchEvent(new Event("seen")); // what was drawn in the old colours is drawn anew
    for (const panel of panels) panel.dispatchEvent(new Event("colours"));
  });
  try {
    await mountModels(byId("models"), await models, session, tell);
  } catch (error) {
    tell(error);
  }
}

const byId = (id) => document.getElementById(id);

/** Undo, redo, clear, and showing the drawing to the model. */
function mountPad(pad, session, tell) {
  const buttons = { undo: byId("undo"), redo: byId("redo"), clear: byId("clear") };
  const prompt = byId("prompt");
  prompt.textContent = TEXTS.pad.prompt;

  function update() {
    buttons.undo.disabled = !pad.history.canUndo && pad.isEmpty;
    buttons.redo.disabled = !pad.history.canRedo;
    buttons.clear.disabled = pad.isEmpty;
    prompt.hidden = !pad.isEmpty;
  }

  for (const [name, button] of Object.entries(buttons)) {
    button.addEventListener("click", () => {
      pad[name]();
      if (button.disabled) byId("pad").focus({ preventScroll: true }); // never lose the focus
    });
  }
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches("input, textarea")) return;
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) pad.undo();
    else if (key === "y" || key === "z") pad.redo();
    else return;
    event.preventDefault();
  });
  pad.history.addEventListener("change", update);
  pad.addEventListener("change", () => {
    update();
    if (session.model !== null) session.show(pad.strokes).catch(tell);
    else session.drawing = pad.strokes; // shown as soon as there is a model
  });
  update();
}

/** Choose among the models, and open the first. */
async function mountModels(select, models, session, tell) {
  const options = models.map(({ name, classes }, i) =>
    make(
      "option",
      { value: String(i), title: TEXTS.page.list(classes) },
      TEXTS.page.modelName(name, classes.length),
    ),
  );
  select.replaceChildren(...options);
  const open = async (i) => session.openModel(models[i].name, await models[i].bytes());
  let chosen = "0";
  select.addEventListener("change", async () => {
    try {
      await open(Number(select.value));
      chosen = select.value;
    } catch (error) {
      select.value = chosen; // the model before is still there
      tell(error);
    }
  });
  session.addEventListener("model", () => {
    const { name, classes } = session.model;
    const at = models.findIndex((model) => model.name === name);
    const option = options[at] ?? addOption(name);
    option.textContent = TEXTS.page.modelName(name, classes.length);
    option.selected = true;
  });

  /** Show a model from a file among the others; choosing it again needs the file again. */
  function addOption(name) {
    select.querySelector(".from-file")?.remove();
    const option = make("option.from-file", { disabled: true });
    select.append(option);
    return option;
  }
  await open(0);
}

/** Say what the model is and where its drawings are from. */
function mountAbout(root, session) {
  const facts = make("p");
  const source = make("p");
  root.append(facts, source, make("p", {}, TEXTS.page.private));
  session.addEventListener("model", () => {
    const { name, classes, record, size } = session.model;
    const trained = record.drawings?.train;
    const test = record.test;
    facts.textContent =
      TEXTS.page.facts(name, classes.length, size) +
      (trained ? TEXTS.page.trained(trained) : "") +
      (test ? TEXTS.page.tested(test.top1, test.n, test.balanced_accuracy) : "") +
      ". " +
      (record.taught ?? []).map((one) => TEXTS.page.taught(one.class, one.drawings)).join("");
    const attribution = record.data?.attribution;
    source.textContent = attribution ? TEXTS.page.source(attribution) : "";
  });
}
