/**
 * What the network takes the drawing for: a sentence, what it sees, and bars.
 *
 * @module
 */
import { make, makeButton, percent } from "./elements.js";
import { MODEL } from "./session.js";
import { TEXTS } from "./texts.js";
import { judge } from "./verdict.js";

const SHOWN = 5; // guesses, at most

/**
 * Show the guesses of a session, always in the same space.
 *
 * @param {HTMLElement} root
 * @param {import("./session.js").Session} session
 */
export function mountGuesses(root, session) {
  const headline = make("p");
  const aside = make("p.note");
  const eye = make("canvas.eye", { role: "img", "aria-label": TEXTS.guesses.eye });
  const list = make("ol.bars", { "aria-label": TEXTS.guesses.list });
  // Heard once the pen rests, not at every move of it.
  const heard = make("p.hidden", { role: "status" });
  root.append(make("div.verdict", {}, make("div", {}, headline, aside), eye), list, heard);
  root.append(makeChanged(session));
  let rows = [];
  let timer = 0;

  function rebuild() {
    if (session.model === null) return;
    const shown = Math.min(SHOWN, session.model.classes.length);
    rows = Array.from({ length: shown }, () => {
      const [name, bar, share] = [make("span.name"), make("i"), make("span.share")];
      const row = make("li", {}, name, make("span.bar", { "aria-hidden": "true" }, bar), share);
      return { row, name, bar, share };
    });
    list.replaceChildren(...rows.map(({ row }) => row));
  }

  function update() {
    if (session.model === null) {
      headline.textContent = TEXTS.guesses.loading;
      return;
    }
    const { classes, raster } = session.model;
    const { seen, trouble } = session;
    if (seen === null) {
      headline.textContent = trouble === null ? TEXTS.guesses.empty : TEXTS.guesses.unreadable;
      aside.textContent = trouble ?? TEXTS.guesses.known(classes.length);
      const names = classes.map((name) => ({ name, share: 0 }));
      fill(names, false, false);
      list.classList.remove("subdued");
      drawEye(eye, null, raster.side);
      clearTimeout(timer);
      heard.textContent = "";
      return;
    }
    const { guesses, sure } = judge(classes, seen.probabilities);
    [headline.textContent, aside.textContent] = inWords(guesses, sure, seen.isRejected);
    fill(guesses, sure && !seen.isRejected, true);
    list.classList.toggle("subdued", seen.isRejected);
    drawEye(eye, seen.bitmap, raster.side);
    clearTimeout(timer);
    timer = setTimeout(() => {
      heard.textContent = TEXTS.guesses.heard(headline.textContent, aside.textContent);
    }, 700);
  }

  function fill(guesses, sure, known) {
    rows.forEach(({ row, name, bar, share }, i) => {
      name.textContent = guesses[i].name;
      name.title = guesses[i].name;
      bar.style.width = `${100 * guesses[i].share}%`;
      share.textContent = known ? percent(guesses[i].share) : "";
      row.className = known && i === 0 ? `first${sure ? " sure" : ""}` : "";
    });
  }

  session.addEventListener("model", () => {
    rebuild();
    update();
  });
  session.addEventListener("seen", update);
  rebuild();
  update();
}

/** What was done to the model, wherever it answers, and how to take it back. */
function makeChanged(session) {
  const what = make("span");
  // After a reload the steps are there, but not what each of them changed.
  const undo = makeButton(TEXTS.changed.undo, () => session.history.undo(MODEL), "quiet");
  const element = make(
    "p.changed",
    { id: "changed" },
    what,
    undo,
    makeButton(TEXTS.changed.reset, () => session.forget(), "quiet"),
  );
  const update = () => {
    element.hidden = !session.isChanged;
    undo.hidden = !session.history.has(MODEL);
    if (session.isChanged) what.textContent = TEXTS.changed.what(session.model);
  };
  session.addEventListener("model", update);
  session.addEventListener("parameters", update);
  session.history.addEventListener("change", update);
  update();
  return element;
}

/** Return what is thought of a drawing, in a word or two, and what is added to it. */
function inWords(guesses, sure, isRejected) {
  const [{ name, share }] = guesses;
  if (isRejected) return [TEXTS.guesses.none, TEXTS.guesses.closest(name)];
  return sure ? [name, remark(share)] : [TEXTS.guesses.unsure, TEXTS.guesses.perhaps(name)];
}

function remark(share) {
  if (share > 0.9) return TEXTS.guesses.verySure(percent(share));
  return TEXTS.guesses.sure(percent(share));
}

/** Draw a bitmap pixel by pixel, in the page's ink. */
function drawEye(canvas, bitmap, side) {
  canvas.width = canvas.height = side;
  if (bitmap === null) return;
  const context = canvas.getContext("2d");
  context.fillStyle = getComputedStyle(canvas).getPropertyValue("--ink");
  bitmap.forEach((grey, i) => {
    if (grey === 0) return;
    context.globalAlpha = grey / 255;
    context.fillRect(i % side, Math.floor(i / side), 1, 1);
  });
}
