/**
 * Named numbers as bars of which one can be chosen: the logits, the probabilities, their gradients.
 *
 * @module
 */

import { make } from "./elements.js";
import { inDigits } from "./figures.js";
import { TEXTS } from "./texts.js";

const MOST = 12; // more are not shown, but can still be walked to

/** Bars, one tab stop; shares go from the left, signed numbers from the middle. */
export class Bars {
  /**
   * @param {object} options
   * @param {string[]} options.names
   * @param {string} options.label for screen readers
   * @param {boolean} [options.isSigned]
   * @param {(value: number) => string} [options.write] how a number is written
   * @param {(at: number, isHeld: boolean) => void} options.onPoint
   */
  constructor({ names, label, isSigned = false, write = inDigits, onPoint }) {
    this.isSigned = isSigned;
    this.write = write;
    this.onPoint = onPoint;
    /** @type {ArrayLike<number> | null} */
    this.values = null;
    this.chosen = -1;
    this.rows = names.map((name, at) => {
      const bar = make("i");
      const number = make("b");
      const track = make(isSigned ? "span.twoway" : "span.oneway", {}, bar);
      const row = make("div.bar-row", {}, make("span.name", { title: name }, name), track, number);
      const point = (/** @type {boolean} */ isHeld) =>
        this.values !== null && this.onPoint(at, isHeld);
      row.addEventListener("pointermove", (event) => event.pointerType === "mouse" && point(false));
      row.addEventListener("click", () => point(true));
      return { row, bar, number };
    });
    const more = names.length > MOST ? [make("p.note.more")] : [];
    this.more = more[0];
    this.element = make(
      "div.bar-list",
      {
        tabIndex: 0,
        role: "application",
        "aria-label": label,
        "aria-roledescription": TEXTS.cells.bars,
      },
      ...this.rows.map(({ row }) => row),
      ...more,
    );
    this.element.addEventListener("keydown", (event) => this.#takeKey(event));
    this.element.addEventListener("focus", () => {
      const isByKeys = this.element.matches(":focus-visible");
      if (isByKeys && this.values !== null) this.onPoint(Math.max(this.chosen, 0), true);
    });
    this.paint(null);
  }

  /**
   * Show numbers, or none.
   *
   * @param {ArrayLike<number> | null} values
   */
  paint(values) {
    this.values = values;
    const sizes = values === null ? [] : Array.from(values, Math.abs);
    const range = this.isSigned ? Math.max(...sizes, 1e-300) : 1;
    const shown = new Set(
      sizes
        .map((size, at) => [size, at])
        .sort((a, b) => b[0] - a[0])
        .slice(0, MOST)
        .map(([, at]) => at),
    );
    this.rows.forEach(({ row, bar, number }, at) => {
      const value = values === null ? 0 : values[at];
      row.hidden = values === null ? at >= MOST : !shown.has(at);
      row.classList.toggle("minus", value < 0);
      bar.style.width = `${((this.isSigned ? 50 : 100) * Math.abs(value)) / range}%`;
      number.textContent = values === null ? "" : this.write(value);
    });
    if (this.more) this.more.textContent = TEXTS.cells.more(this.rows.length - MOST);
  }

  /**
   * Ring the chosen bar; `boxes` are bars where another number came from.
   *
   * @param {number} chosen −1: none
   * @param {{ cell: number }[]} [boxes]
   */
  mark(chosen, boxes = []) {
    this.chosen = chosen;
    const sources = new Set(boxes.map(({ cell }) => cell));
    this.rows.forEach(({ row }, at) => {
      row.classList.toggle("chosen", at === chosen);
      row.classList.toggle("source", sources.has(at));
    });
  }

  /** Return what must not be covered: the chosen bar. */
  spot() {
    return this.rows[this.chosen].row;
  }

  /** Nothing to stop watching. */
  disconnect() {}

  /** @param {KeyboardEvent} event */
  #takeKey(event) {
    if (this.values === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const visible = this.rows.flatMap(({ row }, at) => (row.hidden ? [] : [at]));
    const at = Math.max(0, visible.indexOf(this.chosen));
    const last = visible.length - 1;
    const to = {
      ArrowUp: at - 1,
      ArrowLeft: at - 1,
      ArrowDown: at + 1,
      ArrowRight: at + 1,
      Home: 0,
      End: last,
      Enter: at,
      " ": at,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.onPoint(visible[Math.min(Math.max(to, 0), last)], true);
  }
}
