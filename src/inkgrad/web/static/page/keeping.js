/**
 * Nothing is lost: what is on the page is kept on this device, and is there again after a reload.
 *
 * The drawing, the drawings of one's own, the model with what it was taught and the steps it took,
 * the answer chosen in Learn, and the panel. Written a moment after each change.
 *
 * @module
 */

import { Store } from "./store.js";

const MOMENT = 250; // milliseconds from a change to its being written

/**
 * @typedef {import("./session.js").Session} Session
 * @typedef {import("./pad.js").Pad} Pad
 */

/**
 * What a page keeps.
 *
 * @typedef {object} Kept
 * @property {any[]} [drawing] the strokes on the pad
 * @property {[string, any[]][]} [collection] drawings by class
 * @property {{name: string, file: Uint8Array | null, origin: string}} [model] its file, if it was
 *   opened from one, and what it was before anything was done to it
 * @property {import("../network/learner.js").Snapshot} [changes] what was done to the model
 * @property {string | null} [answer] what Learn was told that the drawing is
 * @property {string} [panel]
 */

/** Keeps a page's state. Event "refused": nothing can be kept (any more). */
export class Keeping extends EventTarget {
  /** @type {Store | null} */
  #store = null;
  /** @type {Set<keyof Kept>} */
  #changed = new Set();
  #timer = 0;
  #isWriting = false;
  /** @type {Record<keyof Kept, () => unknown>} */
  #takers;

  /**
   * @param {Record<keyof Kept, () => unknown>} takers tell what there is of each now
   */
  constructor(takers) {
    super();
    this.#takers = takers;
    /** Whether nothing can be kept. */
    this.isRefused = false;
    // The last chance: after this, a browser may end the page without a word.
    document.addEventListener("visibilitychange", () => document.hidden && this.flush());
    addEventListener("pagehide", () => this.flush());
  }

  /**
   * Return what was kept, and begin to keep.
   *
   * @returns {Promise<Kept>} nothing, if nothing is kept or can be
   */
  async begin() {
    try {
      this.#store = await Store.open(location.pathname);
      return await this.#store.read();
    } catch (error) {
      this.#refuse(error);
      return {};
    }
  }

  /**
   * Something is different now.
   *
   * @param {keyof Kept} what
   */
  note(what) {
    this.#changed.add(what);
    if (this.#timer === 0) this.#timer = setTimeout(() => this.flush(), MOMENT);
  }

  /** Write what has changed. */
  async flush() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#store === null || this.#changed.size === 0 || this.#isWriting) return;
    this.#isWriting = true;
    const names = [...this.#changed];
    this.#changed.clear();
    try {
      const values = await Promise.all(names.map((name) => this.#takers[name]()));
      await this.#store.write(Object.fromEntries(names.map((name, i) => [name, values[i]])));
    } catch (error) {
      this.#refuse(error);
    }
    this.#isWriting = false;
    if (this.#changed.size > 0) this.note([...this.#changed][0]);
  }

  /** Forget everything that is kept. */
  async clear() {
    const store = this.#store;
    this.#store = null;
    await store?.clear();
  }

  #refuse(error) {
    this.#store = null;
    this.isRefused = true;
    this.dispatchEvent(new CustomEvent("refused", { detail: error }));
  }
}
