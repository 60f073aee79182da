/**
 * The first panel: a game as Quick, Draw! plays it, and drawings to begin with.
 *
 * @module
 */
import { byId, make, makeButton } from "./elements.js";
import { EXAMPLES } from "./examples.js";
import { playable, whyNot } from "./rounds.js";
import { drawSketch } from "./sketch.js";
import { TEXTS } from "./texts.js";
import { judge } from "./verdict.js";

const ROUNDS = 6;
const SECONDS = 20;
const PAUSE = 1400; // milliseconds between a drawing and the next
const READ = 2800; // the same, where there is a reason to read
const HOLD = 700; // milliseconds for which a guess must hold to count
const SHORTEST = 150; // how far a pen must have gone, in the pad's units, to have drawn something

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
  const none = make("p.note", {}, TEXTS.play.none);
  root.append(
    make(
      "div.stack",
      {},
      make("h2", {}, TEXTS.play.title),
      make("p", {}, TEXTS.play.intro),
      game,
      make("h3", {}, TEXTS.play.examples),
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
  /** @type {{ stop: () => void, look: () => void } | null} */
  let round = null; // the one being played

  function begin() {
    const classes = playable(session.model.classes, session.model.record);
    const tasks = [];
    while (tasks.length < ROUNDS) tasks.push(...shuffle(classes));
    play(tasks.slice(0, ROUNDS), []);
  }

  function play(tasks, done) {
    pad.lock(false);
    pad.clear();
    const task = tasks[done.length];
    const left = make("span", {}, TEXTS.play.seconds(SECONDS));
    const bar = make("i");
    const clock = make("div.clock", { "aria-hidden": "true" }, bar);
    const remark = make("p.note", { role: "status" }, " ");
    show(
      make("p.note", {}, TEXTS.play.round(done.length + 1, ROUNDS), left),
      make("p.task", {}, TEXTS.play.task(task)),
      clock,
      remark,
      make(
        "div.row",
        {},
        makeButton(TEXTS.play.skip, () => end(false, TEXTS.play.next)),
        makeButton(TEXTS.play.moreTime, () => (more += SECONDS)),
        makeButton(TEXTS.play.stop, () => finish(done), "quiet"),
      ),
    );
    // On the pad as well, where eyes are: on a phone the panel is further down.
    const strip = byId("task", HTMLElement);
    const seconds = make("span");
    strip.replaceChildren(make("span", {}, TEXTS.play.task(task)), seconds);
    strip.hidden = false;
    pad.reveal();
    const start = performance.now();
    let more = 0; // seconds asked for
    /** @type {number | null} */
    let since = null; // when it began to guess right
    const timer = setInterval(tick, 100);
    round = { stop, look };
    tick();

    function tick() {
      const rest = Math.max(0, SECONDS + more - (performance.now() - start) / 1000);
      left.textContent = TEXTS.play.seconds(Math.ceil(rest));
      seconds.textContent = TEXTS.play.secondsInShort(Math.ceil(rest));
      bar.style.transform = `scaleX(${Math.min(1, rest / SECONDS)})`;
      clock.classList.toggle("late", rest < 5);
      if (since !== null && performance.now() - since >= HOLD) end(true, TEXTS.play.right(task));
      else if (rest === 0) giveUp();
    }

    function stop() {
      clearInterval(timer);
      strip.hidden = true;
    }

    /** Return what is seen, if enough is drawn to say anything of it. */
    function seenEnough() {
      const { seen } = session;
      return seen === null || lengthOf(seen.drawing) < SHORTEST ? null : seen;
    }

    function look() {
      const seen = seenEnough();
      if (seen === null) {
        since = null;
        remark.textContent = " ";
        return;
      }
      const { guesses, sure: isLikely } = judge(session.model.classes, seen.probabilities);
      const sure = isLikely && !seen.isRejected;
      since = sure && guesses[0].name === task ? (since ?? performance.now()) : null;
      remark.textContent = sure ? TEXTS.play.see(guesses[0].name) : TEXTS.play.unsure;
    }

    function giveUp() {
      end(false, whyNot(task, session.model.classes, seenEnough()), READ);
    }

    function end(right, words, pauseFor = right ? PAUSE : PAUSE / 2) {
      round?.stop();
      pad.lock(true); // what is said of the drawing stays what it was judged by
      remark.textContent = words;
      strip.replaceChildren(make("span", {}, words));
      strip.hidden = false;
      for (const button of root.querySelectorAll("button")) button.disabled = true;
      const all = [...done, { task, right, drawing: pad.strokes }];
      const next = () => (all.length < tasks.length ? play(tasks, all) : finish(all));
      const pause = setTimeout(next, pauseFor);
      const stopPause = () => {
        clearTimeout(pause);
        strip.hidden = true;
      };
      round = { stop: stopPause, look: () => {} };
    }
  }

  function finish(done) {
    pad.lock(false);
    round?.stop();
    round = null;
    const right = done.filter((one) => one.right).length;
    const sketches = done.map(({ task, drawing, right }) => {
      const canvas = make("canvas", { "aria-hidden": "true" });
      const label = make("span.label", {}, `${right ? "✓" : "✗"} ${task}`);
      return { canvas, drawing, box: make(`li.sketch${right ? ".right" : ""}`, {}, canvas, label) };
    });
    show(
      make("p.task", {}, TEXTS.play.recognised(right, done.length)),
      make("ul.sketches", {}, ...sketches.map(({ box }) => box)),
      make("div.row", {}, makeButton(TEXTS.play.again, begin, "main")),
    );
    for (const { canvas, drawing } of sketches) if (drawing.length > 0) drawSketch(canvas, drawing);
    root.querySelector("button").focus();
  }

  function invite() {
    pad.lock(false);
    round?.stop();
    round = null;
    const play = makeButton(TEXTS.play.begin, begin, "main");
    play.disabled = session.model === null;
    const { classes = [], record = {} } = session.model ?? {};
    const hard = classes.length - playable(classes, record).length;
    show(
      make("p.task", {}, TEXTS.play.game(ROUNDS, SECONDS)),
      make("p", {}, TEXTS.play.rules),
      ...(hard > 0 ? [make("p.note", {}, TEXTS.play.leftOut(hard, classes.length))] : []),
      make("div.row", {}, play),
    );
  }

  const show = (...children) => root.replaceChildren(...children);
  session.addEventListener("seen", () => round?.look());
  session.addEventListener("model", invite);
  invite();
}

/** Return how far the pen went, in the pad's units. */
function lengthOf(drawing) {
  let length = 0;
  for (const [xs, ys] of drawing) {
    for (let i = 1; i < xs.length; i++) length += Math.hypot(xs[i] - xs[i - 1], ys[i] - ys[i - 1]);
  }
  return length;
}

function shuffle(values) {
  const mixed = [...values];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
  }
  return mixed;
}
