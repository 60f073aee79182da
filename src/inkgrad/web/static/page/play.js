/**
 * The first panel: a game as Quick, Draw! plays it, and drawings to begin with.
 *
 * @module
 */
import { make, makeButton } from "./elements.js";
import { EXAMPLES } from "./examples.js";
import { drawSketch } from "./sketch.js";
import { judge } from "./verdict.js";

const ROUNDS = 6;
const SECONDS = 20;
const PAUSE = 1400; // milliseconds between a drawing and the next

/**
 * Show the panel.
 *
 * @param {HTMLElement} root
 * @param {import("./session.js").Session} session
 * @param {import("./pad.js").Pad} pad
 */
export function mountPlay(root, session, pad) {
  const game = make("div.card.game", { id: "game" });
  const examples = make("div.sketches", { id: "examples" });
  const none = make("p.note", {}, "There are no examples of what this model knows: draw your own.");
  root.append(
    make(
      "div.stack",
      {},
      make("h2", {}, "Can it tell what you draw?"),
      make("p", {}, "Draw on the pad: the guesses change with every line. Or play:"),
      game,
      make("h3", {}, "Or start from an example"),
      examples,
      none,
    ),
  );
  mountGame(game, session, pad);
  let sketches = []; // the examples shown: { name, drawing }

  function showExamples() {
    const classes = session.model?.classes ?? [];
    const known = classes.filter((name) => name in EXAMPLES);
    sketches = known.flatMap((name) => EXAMPLES[name].map((drawing) => ({ name, drawing })));
    examples.replaceChildren(
      ...sketches.map(({ name, drawing }) => {
        const canvas = make("canvas", { "aria-hidden": "true" });
        const button = makeButton("", () => {
          pad.load(drawing);
          pad.reveal();
        });
        button.append(canvas, make("span.label", {}, name));
        return button;
      }),
    );
    redraw();
    none.hidden = sketches.length > 0;
  }

  function redraw() {
    examples.querySelectorAll("canvas").forEach((canvas, i) => {
      drawSketch(canvas, sketches[i].drawing);
    });
  }

  root.addEventListener("colours", redraw);
  session.addEventListener("model", showExamples);
  showExamples();
}

/** The game: some rounds, each a class to draw before the time is up. */
function mountGame(root, session, pad) {
  let round = null; // the one being played

  function begin() {
    const classes = [...session.model.classes];
    const tasks = [];
    while (tasks.length < ROUNDS) tasks.push(...shuffle(classes));
    play(tasks.slice(0, ROUNDS), []);
  }

  function play(tasks, done) {
    pad.clear();
    const task = tasks[done.length];
    const left = make("span", {}, `${SECONDS} seconds`);
    const bar = make("i");
    const clock = make("div.clock", { "aria-hidden": "true" }, bar);
    const remark = make("p.note", { role: "status" }, " ");
    show(
      make("p.note", {}, `Drawing ${done.length + 1} of ${ROUNDS} · `, left),
      make("p.task", {}, `Draw: ${task}`),
      clock,
      remark,
      make(
        "div.row",
        {},
        makeButton("Skip", () => end(false)),
        makeButton("Stop", () => finish(tasks, done), "quiet"),
      ),
    );
    // On the pad as well, where eyes are: on a phone the panel is further down.
    const strip = document.getElementById("task");
    const seconds = make("span");
    strip.replaceChildren(make("span", {}, `Draw: ${task}`), seconds);
    strip.hidden = false;
    pad.reveal();
    const start = performance.now();
    const timer = setInterval(tick, 100);
    round = { stop, look };
    tick();

    function tick() {
      const rest = Math.max(0, SECONDS - (performance.now() - start) / 1000);
      left.textContent = `${Math.ceil(rest)} seconds`;
      seconds.textContent = `${Math.ceil(rest)} s`;
      bar.style.transform = `scaleX(${rest / SECONDS})`;
      clock.classList.toggle("late", rest < 5);
      if (rest === 0) end(false);
    }

    function stop() {
      clearInterval(timer);
      strip.hidden = true;
    }

    function look() {
      if (session.seen === null) return;
      const { guesses, sure } = judge(session.model.classes, session.seen.probabilities);
      if (sure && guesses[0].name === task) end(true);
      else remark.textContent = sure ? `I see ${guesses[0].name} …` : "I am not sure yet …";
    }

    function end(right) {
      round.stop();
      round = null;
      remark.textContent = right ? `I know: it is ${task}!` : `Next one!`;
      root.querySelectorAll("button").forEach((button) => (button.disabled = true));
      const all = [...done, { task, right, drawing: pad.strokes }];
      round = { stop: () => clearTimeout(pause), look: () => {} };
      const pause = setTimeout(
        () => (all.length < tasks.length ? play(tasks, all) : finish(tasks, all)),
        right ? PAUSE : PAUSE / 2,
      );
    }
  }

  function finish(tasks, done) {
    round?.stop();
    round = null;
    const right = done.filter((one) => one.right).length;
    const sketches = done.map(({ task, drawing, right }) => {
      const canvas = make("canvas", { "aria-hidden": "true" });
      const label = make("span.label", {}, `${right ? "✓" : "✗"} ${task}`);
      return { canvas, drawing, box: make(`li.sketch${right ? ".right" : ""}`, {}, canvas, label) };
    });
    show(
      make("p.task", {}, `It recognised ${right} of ${done.length} drawings`),
      make("ul.sketches", {}, ...sketches.map(({ box }) => box)),
      make("div.row", {}, makeButton("Play again", begin, "main")),
    );
    for (const { canvas, drawing } of sketches) if (drawing.length > 0) drawSketch(canvas, drawing);
    root.querySelector("button").focus();
  }

  function invite() {
    round?.stop();
    round = null;
    show(
      make("p.task", {}, `${ROUNDS} drawings, ${SECONDS} seconds each`),
      make("p", {}, "It tells you what to draw, and guesses while you do."),
      make("div.row", {}, makeButton("Play", begin, "main")),
    );
  }

  const show = (...children) => root.replaceChildren(...children);
  session.addEventListener("seen", () => round?.look());
  session.addEventListener("model", invite);
  invite();
}

function shuffle(values) {
  const mixed = [...values];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
  }
  return mixed;
}
