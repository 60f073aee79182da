/**
 * The drawing pad: strokes by mouse, pen, finger or keyboard, with undo and redo.
 *
 * @module
 */
import { boundingBox, checkStrokes } from "../drawing/strokes.js";
import { drawStrokes } from "./sketch.js";

/** The pad's width and height in the coordinates of its strokes, however large it is shown. */
export const PAD = 1000;

const PEN = 24; // about as wide, beside a drawing, as the network's own pen
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 25; // of a key
const LEAP = 100; // with Shift

/**
 * A canvas that people draw on.
 *
 * Event "change": the strokes are others, whoever changed them. Its `detail.drawing` tells whether
 * a stroke is still being drawn.
 */
export class Pad extends EventTarget {
  #canvas;
  #context;
  #strokes = [];
  #undone = [];
  #pointer = null; // the id of the one that draws
  #cursor = null; // where the keyboard is, once it is used: [x, y]
  #isPenDown = false; // of the keyboard

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    super();
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", (event) => this.#cancel(event));
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
    return this.#strokes.map(([xs, ys, ts]) => [[...xs], [...ys], [...ts]]);
  }

  get canUndo() {
    return this.#strokes.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  /** Take the last stroke back. */
  undo() {
    this.#finish();
    if (!this.canUndo) return;
    this.#undone.push([this.#strokes.pop()]);
    this.#changed();
  }

  /** Bring back what was undone or cleared last. */
  redo() {
    this.#finish();
    if (!this.canRedo) return;
    this.#strokes.push(...this.#undone.pop());
    this.#changed();
  }

  /** Take all strokes away; `redo` brings them back. */
  clear() {
    this.#finish();
    if (!this.canUndo) return;
    this.#undone = [this.#strokes];
    this.#strokes = [];
    this.#changed();
  }

  /**
   * Show a drawing of any size and place, in the middle of the pad.
   *
   * @param {import("../drawing/strokes.js").Drawing} drawing
   */
  load(drawing) {
    this.#finish();
    const strokes = checkStrokes(drawing);
    const [[left, top], [right, bottom]] = boundingBox(strokes);
    const scale = (0.76 * PAD) / (Math.max(right - left, bottom - top) || 1);
    const middle = PAD / 2;
    this.#undone = [];
    this.#strokes = strokes.map(([xs, ys]) => [
      Array.from(xs, (x) => middle + scale * (x - (left + right) / 2)),
      Array.from(ys, (y) => middle + scale * (y - (top + bottom) / 2)),
      Array.from(xs, () => 0),
    ]);
    this.#changed();
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
    context.clearRect(0, 0, pixels, pixels);
    context.strokeStyle = colours.getPropertyValue("--ink");
    const scale = pixels / PAD;
    drawStrokes(context, this.#strokes, { scale, left: 0, top: 0, width: PEN * scale });
    if (this.#cursor !== null) this.#drawCursor(scale, colours.getPropertyValue("--blue"));
  }

  #drawCursor(scale, colour) {
    const [x, y] = this.#cursor;
    const context = this.#context;
    context.beginPath();
    context.arc(x * scale, y * scale, PEN * scale, 0, 2 * Math.PI);
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 4 * scale;
    if (this.#isPenDown) context.fill();
    else context.stroke();
  }

  #changed(drawing = false) {
    this.redraw();
    this.dispatchEvent(new CustomEvent("change", { detail: { drawing } }));
  }

  // By pointer

  #down(event) {
    if (this.#pointer !== null || event.button !== 0 || !event.isPrimary) return;
    this.#finish();
    this.#pointer = event.pointerId;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#cursor = null;
    this.#begin(this.#place(event), event.timeStamp);
  }

  #move(event) {
    if (event.pointerId !== this.#pointer) return;
    // Browsers report a quick hand's points bundled, a bundle a frame.
    const bundle = event.getCoalescedEvents?.() ?? [];
    for (const each of bundle.length > 0 ? bundle : [event]) {
      this.#extend(this.#place(each), each.timeStamp);
    }
    this.#changed(true);
  }

  #up(event) {
    if (event.pointerId !== this.#pointer) return;
    this.#extend(this.#place(event), event.timeStamp);
    this.#pointer = null;
    this.#changed();
  }

  /** The system took the pointer away, for a gesture of its own: that was no stroke. */
  #cancel(event) {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = null;
    this.#strokes.pop();
    this.#changed();
  }

  #place(event) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const x = ((event.clientX - left) / width) * PAD;
    const y = ((event.clientY - top) / height) * PAD;
    return [Math.min(Math.max(x, 0), PAD), Math.min(Math.max(y, 0), PAD)];
  }

  #begin([x, y], time) {
    this.#undone = [];
    this.#strokes.push([[x], [y], [time]]);
    this.#changed(true);
  }

  #extend([x, y], time) {
    const [xs, ys, ts] = this.#strokes[this.#strokes.length - 1];
    const last = xs.length - 1;
    if (xs[last] === x && ys[last] === y) return;
    xs.push(x);
    ys.push(y);
    ts.push(time);
  }

  /** End the stroke that is being drawn, by whatever. */
  #finish() {
    this.#pointer = null;
    this.#isPenDown = false;
  }

  // By keyboard

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") this.#togglePen(event.timeStamp);
    else if (event.key === "Escape" && this.#cursor !== null) this.#leave();
    else if (event.key in KEYS) this.#moveCursor(event);
    else return;
    event.preventDefault();
  }

  #togglePen(time) {
    this.#cursor ??= [PAD / 2, PAD / 2];
    this.#isPenDown = !this.#isPenDown;
    if (this.#isPenDown) this.#begin(this.#cursor, time);
    else this.#changed();
  }

  #moveCursor(event) {
    const [dx, dy] = KEYS[event.key];
    const by = event.shiftKey ? LEAP : STEP;
    const [x, y] = this.#cursor ?? [PAD / 2, PAD / 2];
    const within = (value) => Math.min(Math.max(value, 0), PAD);
    this.#cursor = [within(x + by * dx), within(y + by * dy)];
    if (this.#isPenDown) {
      this.#extend(this.#cursor, event.timeStamp);
      this.#changed(true);
    } else {
      this.redraw();
    }
  }

  #leave() {
    const wasDown = this.#isPenDown;
    this.#cursor = null;
    this.#isPenDown = false;
    if (wasDown) this.#changed();
    else this.redraw();
  }
}
