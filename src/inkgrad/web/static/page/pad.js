/**
 * The drawing pad: strokes by mouse, pen, finger or keyboard, with undo and redo.
 *
 * @module
 */
import { boundingBox, checkStrokes } from "../drawing/strokes.js";
import { contextOf } from "./elements.js";
import { History } from "./history.js";
import { Pointers } from "./pointers.js";
import { drawStrokes } from "./sketch.js";

/** @typedef {import("./pointers.js").Point} Point */
/** @typedef {[number[], number[], number[]]} Stroke [xs, ys, ts] */

/** The pad's width and height in the coordinates of its strokes, however large it is shown. */
export const PAD = 1000;

const PEN = 24; // about as wide, beside a drawing, as the network's own pen
/** @type {Record<string, [number, number]>} */
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 25; // of a key
const LEAP = 100; // with Shift

/**
 * A canvas that people draw on.
 *
 * Event "change": the strokes are others, whoever changed them. Its `detail.drawing` tells whether
 * a stroke is still being drawn. What it costs does not depend on how much there is already: a
 * stroke that is finished is never touched again.
 */
export class Pad extends EventTarget {
  /** @type {HTMLCanvasElement} */
  #canvas;
  /** @type {CanvasRenderingContext2D} */
  #context;
  #ink = ""; // its colour
  /** @type {Stroke[]} */
  #strokes = []; // those finished; never changed, but replaced
  /** @type {Stroke | null} */
  #stroke = null; // the one that is being drawn
  /** @type {Stroke[] | null} */
  #whole = null; // both, once somebody asked for them
  /** @type {Stroke[]} */
  #before = []; // the strokes there were when the present one was begun
  #travelled = 0; // how far the present one went
  #isOutside = false; // the pointer left the pad while it draws
  /** @type {Point} */
  #last = [0, 0]; // where it was last
  /** @type {Point | null} */
  #cursor = null; // where the keyboard is, once it is used
  #isPenDown = false; // of the keyboard
  #isLocked = false; // no strokes are taken
  #pointers;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {History} [history] what can be undone, on the pad and elsewhere
   */
  constructor(canvas, history = new History()) {
    super();
    this.#canvas = canvas;
    this.#context = contextOf(canvas);
    /** @readonly */
    this.history = history;
    this.#pointers = new Pointers({
      begin: (point, time) => this.#begin(point, time),
      extend: (points, times) => this.#draw(points, times),
      finish: () => this.#finishStroke(),
      takeBack: () => this.#takeBack(),
      travelled: () => this.#travelled,
    });
    this.#listen();
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => this.#leave());
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    new ResizeObserver(() => this.redraw()).observe(canvas);
  }

  /**
   * The strokes, each `[xs, ys, ts]`, in coordinates from 0 to `PAD`, times in milliseconds.
   *
   * A new list at every change, so that it can be kept.
   */
  get strokes() {
    this.#whole ??=
      this.#stroke === null ? this.#strokes : [...this.#strokes, copyOf(this.#stroke)];
    return this.#whole;
  }

  get isEmpty() {
    return this.#strokes.length === 0 && this.#stroke === null;
  }

  /** Take back what was done last, on the pad or beside it. */
  undo() {
    this.finish();
    this.history.undo();
  }

  /** Do again what was undone last. */
  redo() {
    this.finish();
    this.history.redo();
  }

  /** Take all strokes away; `undo` brings them back. */
  clear() {
    this.finish();
    if (!this.isEmpty) this.#replace([]);
  }

  /**
   * Show a drawing of any size and place, in the middle of the pad.
   *
   * @param {import("../drawing/strokes.js").Drawing} drawing
   */
  load(drawing) {
    this.finish();
    const strokes = checkStrokes(drawing);
    const [[left, top], [right, bottom]] = boundingBox(strokes);
    const scale = (0.76 * PAD) / (Math.max(right - left, bottom - top) || 1);
    const middle = PAD / 2;
    this.#replace(
      strokes.map(([xs, ys]) => [
        Array.from(xs, (x) => middle + scale * (x - (left + right) / 2)),
        Array.from(ys, (y) => middle + scale * (y - (top + bottom) / 2)),
        Array.from(xs, () => 0),
      ]),
    );
  }

  /**
   * Show strokes that were on the pad before, where they were; this cannot be undone.
   *
   * @param {number[][][]} strokes as `strokes` returned them
   */
  restore(strokes) {
    this.finish();
    this.#show(strokes.map(([xs, ys, ts]) => copyOf([xs, ys, ts])));
  }

  /**
   * Show strokes from elsewhere where they are.
   *
   * @param {number[][][]} strokes as `strokes` returns them
   */
  put(strokes) {
    this.finish();
    this.#replace(strokes);
  }

  /** End the stroke that is being drawn, by whatever. */
  finish() {
    this.#pointers.finish();
    if (this.#isPenDown) this.#finishStroke();
    this.#isPenDown = false;
  }

  /**
   * Take no more strokes, or take them again.
   *
   * @param {boolean} isLocked
   */
  lock(isLocked) {
    if (isLocked) this.finish();
    this.#isLocked = isLocked;
  }

  /** Bring the pad into view, if it is not. */
  reveal() {
    const { top, bottom } = this.#canvas.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) this.#canvas.scrollIntoView({ block: "center" });
  }

  /** Draw everything again, in the canvas's present size and colours. */
  redraw() {
    const { clientWidth } = this.#canvas;
    if (clientWidth === 0) return;
    const pixels = Math.round(clientWidth * (globalThis.devicePixelRatio || 1));
    if (this.#canvas.width !== pixels) this.#canvas.width = this.#canvas.height = pixels;
    const context = this.#context;
    const colours = getComputedStyle(this.#canvas);
    this.#ink = colours.getPropertyValue("--ink");
    context.clearRect(0, 0, pixels, pixels);
    context.strokeStyle = this.#ink;
    const scale = pixels / PAD;
    drawStrokes(context, this.strokes, { scale, left: 0, top: 0, width: PEN * scale });
    if (this.#cursor !== null) {
      this.#drawCursor(this.#cursor, scale, colours.getPropertyValue("--blue"));
    }
  }

  /**
   * @param {Point} cursor
   * @param {number} scale
   * @param {string} colour
   */
  #drawCursor([x, y], scale, colour) {
    const context = this.#context;
    context.beginPath();
    context.arc(x * scale, y * scale, PEN * scale, 0, 2 * Math.PI);
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 4 * scale;
    if (this.#isPenDown) context.fill();
    else context.stroke();
  }

  /**
   * Draw the end of the present stroke, from one of its points on.
   *
   * @param {number} from
   */
  #drawEnd(from) {
    if (this.#stroke === null) return;
    if (this.#ink === "") this.redraw(); // for the first time
    const [xs, ys] = this.#stroke;
    const context = this.#context;
    context.strokeStyle = this.#ink;
    const scale = this.#canvas.width / PAD;
    const end = [[xs.slice(from), ys.slice(from)]];
    drawStrokes(context, end, { scale, left: 0, top: 0, width: PEN * scale });
  }

  #changed(drawing = false) {
    this.#whole = null;
    this.dispatchEvent(new CustomEvent("change", { detail: { drawing } }));
  }

  /** Put other strokes on the pad, so that it can be undone. */
  #replace(strokes) {
    this.#remember(this.#strokes, strokes);
    this.#show(strokes);
  }

  #remember(before, after) {
    this.history.add({ undo: () => this.#show(before), redo: () => this.#show(after) });
  }

  #show(strokes) {
    this.#strokes = strokes;
    this.#stroke = null;
    this.#whole = null;
    this.redraw();
    this.#changed();
  }

  // By pointer

  #listen() {
    const canvas = this.#canvas;
    canvas.addEventListener("pointerdown", (event) => {
      if (this.#isLocked) return;
      if (this.#isPenDown) this.finish();
      if (!this.#pointers.down(event, this.#place(event)) || this.#stroke === null) return;
      try {
        canvas.setPointerCapture(event.pointerId);
      } catch {
        // it is gone already, or was made by a program
      }
      if (this.#cursor !== null) {
        this.#cursor = null;
        this.redraw();
      }
    });
    const move = (event) => {
      // Browsers report a quick hand's points bundled, a bundle a frame.
      const bundle = event.getCoalescedEvents?.() ?? [];
      const events = bundle.length > 0 ? bundle : [event];
      const frame = canvas.getBoundingClientRect();
      const points = events.map((each) => this.#place(each, frame));
      this.#pointers.move(
        event,
        points,
        events.map(({ timeStamp }) => timeStamp),
      );
    };
    const heard = {
      pointermove: move,
      pointerup: (event) => this.#pointers.up(event, this.#place(event)),
      pointercancel: (event) => this.#pointers.cancel(event),
    };
    for (const [type, hear] of Object.entries(heard)) {
      canvas.addEventListener(type, hear);
      // What a pointer does beside the pad counts even where the browser does not tell the pad.
      addEventListener(type, (event) => event.target !== canvas && hear(event));
    }
    document.addEventListener("visibilitychange", () => document.hidden && this.finish());
    // Without this, some browsers take two quick strokes of a finger for a double tap.
    canvas.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  }

  #place({ clientX, clientY }, frame = this.#canvas.getBoundingClientRect()) {
    const { left, top, width, height } = frame;
    return [((clientX - left) / width) * PAD, ((clientY - top) / height) * PAD];
  }

  /**
   * @param {Point} point
   * @param {number} time
   */
  #begin(point, time) {
    this.#before = this.#strokes;
    this.#travelled = 0;
    this.#isOutside = false;
    this.#last = point;
    this.#beginPiece(inside(point), time);
  }

  /**
   * @param {Point} point
   * @param {number} time
   */
  #beginPiece([x, y], time) {
    this.#stroke = [[x], [y], [time]];
    this.#drawEnd(0);
    this.#changed(true);
  }

  /**
   * Make the stroke longer; where it leaves the pad it ends, and where it comes back it begins.
   *
   * @param {Point[]} points
   * @param {number[]} times
   */
  #draw(points, times) {
    let from = this.#stroke === null ? 0 : this.#stroke[0].length - 1;
    points.forEach((point, i) => {
      const [before, time] = [this.#last, times[i]];
      this.#last = point;
      this.#travelled += Math.hypot(point[0] - before[0], point[1] - before[1]);
      if (isInside(point)) {
        if (this.#isOutside) {
          this.#isOutside = false;
          this.#beginPiece(crossing(point, before), time);
          from = 0;
        }
        this.#extend(point, time);
      } else if (!this.#isOutside) {
        this.#isOutside = true;
        this.#extend(crossing(inside(before), point), time);
        this.#drawEnd(from);
        this.#keepPiece();
      }
    });
    if (this.#stroke !== null) this.#drawEnd(from);
    this.#changed(true);
  }

  /**
   * @param {Point} point
   * @param {number} time
   */
  #extend([x, y], time) {
    if (this.#stroke === null) return;
    const [xs, ys, ts] = this.#stroke;
    const last = xs.length - 1;
    if (xs[last] === x && ys[last] === y) return;
    xs.push(x);
    ys.push(y);
    ts.push(time);
  }

  #keepPiece() {
    if (this.#stroke !== null) this.#strokes = [...this.#strokes, this.#stroke];
    this.#stroke = null;
  }

  #finishStroke() {
    this.#keepPiece();
    this.#remember(this.#before, this.#strokes);
    this.#changed();
  }

  #takeBack() {
    this.#show(this.#before);
  }

  // By keyboard

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.#isLocked) return;
    if (event.key === " ") this.#togglePen(event.timeStamp);
    else if (event.key === "Escape" && this.#cursor !== null) this.#leave();
    else if (event.key in KEYS) this.#moveCursor(event);
    else return;
    event.preventDefault();
  }

  /** @param {number} time */
  #togglePen(time) {
    this.#pointers.finish();
    this.#cursor ??= [PAD / 2, PAD / 2];
    this.#isPenDown = !this.#isPenDown;
    if (this.#isPenDown) this.#begin(this.#cursor, time);
    else this.#finishStroke();
    this.redraw();
  }

  /** @param {KeyboardEvent} event */
  #moveCursor(event) {
    const [dx, dy] = KEYS[event.key];
    const by = event.shiftKey ? LEAP : STEP;
    const [x, y] = this.#cursor ?? [PAD / 2, PAD / 2];
    this.#cursor = [within(x + by * dx), within(y + by * dy)];
    if (this.#isPenDown) this.#draw([this.#cursor], [event.timeStamp]);
    this.redraw();
  }

  #leave() {
    this.#cursor = null;
    if (this.#isPenDown) this.finish();
    this.redraw();
  }
}

const within = (/** @type {number} */ value) => Math.min(Math.max(value, 0), PAD);
const isInside = (/** @type {Point} */ point) => point.every((value) => value === within(value));
/** @type {(point: Point) => Point} */
const inside = ([x, y]) => [within(x), within(y)];
/** @type {(stroke: Stroke) => Stroke} */
const copyOf = ([xs, ys, ts]) => [Array.from(xs), Array.from(ys), Array.from(ts)];

/**
 * Return where the line from a point on the pad to one outside crosses the pad's edge.
 *
 * @param {Point} start
 * @param {Point} outside
 * @returns {Point}
 */
function crossing(start, outside) {
  const parts = start.map((from, axis) => {
    const way = outside[axis] - from;
    return way === 0 ? 1 : ((way > 0 ? PAD : 0) - from) / way;
  });
  const part = Math.min(1, ...parts);
  const [x, y] = start.map((from, axis) => from + part * (outside[axis] - from));
  return inside([x, y]);
}
