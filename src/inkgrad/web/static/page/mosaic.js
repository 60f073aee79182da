/**
 * A picture of many numbers in which one cell can be chosen: by pointer, finger or arrow keys.
 *
 * @module
 */

import { contextOf, make, makeSvg } from "./elements.js";
import { inDigits } from "./figures.js";
import { columnsFor } from "./layouts.js";
import { colourOf, readPalette } from "./pictures.js";
import { TEXTS } from "./texts.js";

/** @typedef {import("./layouts.js").Layout} Layout */
/** @typedef {{ cell: number, rows: number, columns: number }} Box */

const [SMALLEST, MIDDLE, LARGEST] = [40, 44, 88]; // pixels of the page: a map's width
const MOST_PIXELS = 200_000; // cells; more are drawn in maps of middle size
/** @type {Set<Mosaic>} */
const mosaics = new Set();
/** @type {import("./pictures.js").Palette | null} */
let palette = null;

let timer = 0;

/** What is beyond the window's edge is drawn once nothing changes, for whoever prints the page. */
function drawLater() {
  clearTimeout(timer);
  timer = setTimeout(drawAll, 500);
}

/** Draw what is waiting until it comes into view. */
export function drawAll() {
  for (const mosaic of mosaics) mosaic.catchUp();
}

addEventListener("beforeprint", drawAll);

/** Maps side by side on one canvas. Its `element` is one tab stop. */
export class Mosaic {
  /**
   * @param {object} options
   * @param {Layout} options.layout
   * @param {string} options.label what it shows, for screen readers
   * @param {boolean} [options.isSigned] blue and red, instead of ink
   * @param {number} [options.cell] how large a cell of many maps should be, in pixels of the page
   * @param {number} [options.largest] how large a cell of a single map may get
   * @param {boolean} [options.isLoupe] only for pointers, since it shows a part of another mosaic
   * @param {(cell: number, isHeld: boolean, isClick?: boolean) => void} options.onPoint a cell was
   *   pointed at; held: by a click, a tap or a key
   */
  constructor({
    layout,
    label,
    isSigned = false,
    cell = 3,
    largest = 30,
    isLoupe = false,
    onPoint,
  }) {
    this.layout = layout;
    this.isSigned = isSigned;
    this.wish = cell;
    this.largest = largest;
    this.isLoupe = isLoupe;
    this.onPoint = onPoint;
    /** Where a walk by keys begins. */
    this.first = 0;
    /** @type {ArrayLike<number> | null} */
    this.values = null;
    /** @type {Uint8Array | null} */
    this.stops = null;
    this.range = 1;
    this.chosen = -1;
    /** @type {Box[]} */
    this.boxes = [];
    this.isStale = false;
    this.isSeen = false;
    this.across = 0;
    this.down = 1;
    this.gap = 0;
    this.canvas = make("canvas", { "aria-hidden": "true" });
    this.context = contextOf(this.canvas);
    this.image = this.context.createImageData(1, 1);
    this.pixels = new Uint32Array(0); // the image's
    this.pixelOf = new Uint32Array(0); // where each cell is in it
    this.frames = makeSvg("path", { class: "frames" });
    this.sources = makeSvg("path", { class: "sources" });
    this.ring = makeSvg("path", { class: "ring" });
    this.overlay = makeSvg("svg", { "aria-hidden": "true", preserveAspectRatio: "none" });
    this.overlay.append(this.frames, this.sources, this.ring);
    this.element = make(isLoupe ? "div.mosaic.loupe" : "div.mosaic", {}, this.canvas, this.overlay);
    if (isLoupe) this.element.setAttribute("aria-hidden", "true");
    else this.#takeKeys(label);
    this.#takePointers();
    this.#arrange(640);
    const watch = new ResizeObserver(([entry]) => this.#arrange(entry.contentRect.width));
    watch.observe(this.element);
    const visible = new IntersectionObserver(
      ([entry]) => {
        this.isSeen = entry.isIntersecting;
        if (this.isSeen && this.isStale) this.#draw();
      },
      { rootMargin: "120px" },
    );
    visible.observe(this.element);
    this.disconnect = () => {
      watch.disconnect();
      visible.disconnect();
      mosaics.delete(this);
    };
    mosaics.add(this);
  }

  /**
   * Show numbers; they are drawn when they are on the screen.
   *
   * @param {ArrayLike<number> | null} values as many as the layout has; null: blank paper
   * @param {number} range the size with the fullest colour
   * @param {Uint8Array | null} [stops] 1 where nothing passes
   */
  paint(values, range, stops = null) {
    Object.assign(this, { values, range, stops });
    this.isStale = true;
    if (this.isSeen || this.isLoupe) this.#draw();
    else drawLater();
  }

  /** Draw what was painted, if that was not done yet. */
  catchUp() {
    if (this.isStale) this.#draw();
  }

  /**
   * Ring the chosen cell and frame the cells where another cell's number came from.
   *
   * @param {number} chosen −1: none
   * @param {Box[]} [boxes]
   */
  mark(chosen, boxes = []) {
    if (chosen < 0 && boxes.length === 0 && this.chosen < 0 && this.boxes.length === 0) return;
    this.chosen = chosen;
    this.boxes = boxes;
    this.#drawMarks();
  }

  /** Return what must not be covered: the chosen cell and its map. */
  spot() {
    return this.ring;
  }

  /** Choose in how many columns the maps stand, and forget the drawing if that changed. */
  #arrange(width) {
    if (width === 0) return;
    const { layout } = this;
    const most = layout.length > MOST_PIXELS ? MIDDLE : LARGEST;
    const wish = Math.max(
      SMALLEST,
      Math.min(most, layout.columns * Math.min(this.wish, width / 230)),
    );
    const across = columnsFor(layout, width, wish);
    if (across === this.across) return;
    this.across = across;
    this.gap = layout.maps === 1 ? 0 : Math.max(1, Math.round(layout.columns / 12));
    this.down = Math.ceil(layout.maps / across);
    const pitch = [layout.rows + this.gap, layout.columns + this.gap];
    this.canvas.width = across * pitch[1] - this.gap;
    this.canvas.height = this.down * pitch[0] - this.gap;
    this.element.style.aspectRatio = `${this.canvas.width} / ${this.canvas.height}`;
    if (layout.maps === 1 && !this.isLoupe) {
      this.element.style.maxWidth = `${layout.columns * this.largest}px`;
    }
    this.overlay.setAttribute("viewBox", `0 0 ${this.canvas.width} ${this.canvas.height}`);
    this.image = this.context.createImageData(this.canvas.width, this.canvas.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.pixelOf = new Uint32Array(layout.length);
    for (let cell = 0; cell < layout.length; cell++) {
      const [x, y] = this.#corner(cell);
      this.pixelOf[cell] = y * this.canvas.width + x;
    }
    let frames = "";
    for (let map = 0; map < layout.maps; map++) {
      const [x, y] = this.#corner(layout.cell(map, 0, 0));
      frames += rectangle(x, y, layout.columns, layout.rows);
    }
    this.frames.setAttribute("d", layout.maps > 1 && layout.columns < 6 ? "" : frames);
    this.isStale = true;
    if (this.isSeen || this.isLoupe) this.#draw();
    this.#drawMarks();
  }

  #draw() {
    palette ??= readPalette();
    this.isStale = false;
    const { values, pixels, pixelOf, stops, range, isSigned } = this;
    if (values === null) {
      const paper = palette.ink[0];
      for (const at of pixelOf) pixels[at] = paper;
    } else {
      // As colourOf, without a call a cell: this runs at every stroke, over all that is visible.
      const colours = isSigned ? palette.signed : palette.ink;
      const scale = range > 0 ? 255 / range : 0;
      const zero = isSigned ? 255.5 : 0.5;
      const last = colours.length - 1;
      for (let cell = 0; cell < pixelOf.length; cell++) {
        const step = Math.floor(values[cell] * scale + zero);
        pixels[pixelOf[cell]] = colours[Math.min(Math.max(step, 0), last)];
      }
      for (let cell = 0; stops !== null && cell < stops.length; cell++) {
        if (stops[cell]) pixels[pixelOf[cell]] = palette.blocked;
      }
    }
    this.context.putImageData(this.image, 0, 0);
  }

  #drawMarks() {
    const { layout } = this;
    let ring = "";
    if (this.chosen >= 0) {
      const [x, y] = this.#corner(this.chosen);
      const [, row, column] = layout.place(this.chosen);
      ring = rectangle(x, y, 1, 1);
      if (layout.maps > 1) ring += rectangle(x - column, y - row, layout.columns, layout.rows);
    }
    this.ring.setAttribute("d", ring);
    const boxes = this.boxes.map(({ cell, rows, columns }) => {
      const [x, y] = this.#corner(cell);
      return rectangle(x, y, columns, rows);
    });
    this.sources.setAttribute("d", boxes.join(""));
  }

  /** Return the pixel of a cell on the canvas: x, y. */
  #corner(cell) {
    const { layout, across, down, gap } = this;
    const [map, row, column] = layout.place(cell);
    const [x, y] = layout.across
      ? [Math.floor(map / down), map % down]
      : [map % across, Math.floor(map / across)];
    return [x * (layout.columns + gap) + column, y * (layout.rows + gap) + row];
  }

  /** Return the cell under a pointer, or −1 between the maps. */
  #cellAt(event) {
    const frame = this.canvas.getBoundingClientRect();
    const { layout, across, down, gap, canvas } = this;
    // Browsers round the place of a click, which may then lie beside the picture's edge.
    const within = (at, length) => Math.min(Math.max(Math.floor(at * length), 0), length - 1);
    const x = within((event.clientX - frame.left) / frame.width, canvas.width);
    const y = within((event.clientY - frame.top) / frame.height, canvas.height);
    const [pitchX, pitchY] = [layout.columns + gap, layout.rows + gap];
    const [mapX, mapY] = [Math.floor(x / pitchX), Math.floor(y / pitchY)];
    const map = layout.across ? mapX * down + mapY : mapY * across + mapX;
    const row = Math.min(y - mapY * pitchY, layout.rows - 1); // a hit in the gap means its map
    const column = Math.min(x - mapX * pitchX, layout.columns - 1);
    return map < layout.maps ? layout.cell(map, row, column) : -1;
  }

  #takePointers() {
    const point = (event, isHeld) => {
      const cell = this.values === null ? -1 : this.#cellAt(event);
      if (cell >= 0) this.onPoint(cell, isHeld, event.type === "click");
    };
    this.element.addEventListener("pointermove", (event) => {
      const isDragged = this.isLoupe && event.buttons > 0;
      if (event.pointerType === "mouse" || isDragged) point(event, isDragged);
    });
    this.element.addEventListener("click", (event) => point(event, true));
  }

  #takeKeys(label) {
    const attributes = { tabindex: "0", role: "application", "aria-label": label };
    for (const [name, value] of Object.entries(attributes)) this.element.setAttribute(name, value);
    this.element.setAttribute("aria-roledescription", TEXTS.cells.picture);
    this.element.addEventListener("keydown", (event) => {
      if (this.values === null || event.ctrlKey || event.metaKey || event.altKey) return;
      const next = this.#afterKey(event.key);
      if (next === null) return;
      event.preventDefault();
      this.onPoint(next, true);
    });
    this.element.addEventListener("focus", () => {
      const isByKeys = this.element.matches(":focus-visible");
      if (isByKeys && this.values !== null) this.onPoint(Math.max(this.chosen, this.first), true);
    });
  }

  /** Return the cell that a key leads to, or null if the key is not ours. */
  #afterKey(key) {
    const { layout } = this;
    const [map, row, column] = layout.place(Math.max(this.chosen, 0));
    const moves = {
      ArrowLeft: [map, row, column - 1],
      ArrowRight: [map, row, column + 1],
      ArrowUp: [map, row - 1, column],
      ArrowDown: [map, row + 1, column],
      Home: [map, row, 0],
      End: [map, row, layout.columns - 1],
      PageUp: [map - 1, row, column],
      PageDown: [map + 1, row, column],
      Enter: [map, row, column],
      " ": [map, row, column],
    };
    const to = moves[key];
    if (!to) return null;
    const lengths = [layout.maps, layout.rows, layout.columns];
    const inside = (/** @type {number} */ axis) =>
      Math.min(Math.max(to[axis], 0), lengths[axis] - 1);
    const cell = layout.cell(inside(0), inside(1), inside(2));
    return cell >= 0 ? cell : Math.max(this.chosen, 0);
  }
}

/**
 * Make the line that says what colours mean: the scale and its ends.
 *
 * @param {boolean} isSigned
 * @returns {{element: HTMLElement, show: (range: number) => void}}
 */
export function legend(isSigned) {
  const from = make("span");
  const to = make("span");
  const scale = make(isSigned ? "i.scale.signed" : "i.scale", { "aria-hidden": "true" });
  return {
    element: make("p.scale-key", {}, from, scale, to),
    show: (range) => {
      from.textContent = isSigned ? inDigits(-range, 2) : "0";
      to.textContent = inDigits(range, 2);
    },
  };
}

/** Read the page's colours again, and draw every picture in them. */
export function repaint() {
  palette = readPalette();
  for (const mosaic of mosaics) mosaic.paint(mosaic.values, mosaic.range, mosaic.stops);
}

/**
 * Return a number's colour in the pictures.
 *
 * @param {number} value
 * @param {number} range
 * @param {boolean} isSigned
 * @returns {number} a pixel
 */
export function shade(value, range, isSigned) {
  palette ??= readPalette();
  return colourOf(palette, value, range, isSigned);
}

function rectangle(x, y, width, height) {
  return `M${x} ${y}h${width}v${height}h${-width}z`;
}
