/**
 * What can be undone: everything that takes something away or adds to it, in the order it was done.
 *
 * @module
 */

const MOST = 500; // deeds that are remembered
const MOST_BYTES = 64e6; // that they hold together

/**
 * A deed that can be taken back.
 *
 * @typedef {object} Deed
 * @property {() => unknown} undo
 * @property {() => unknown} redo
 * @property {unknown} [of] what it was done to: see `forget`
 * @property {number} [bytes] how much it holds, if that is much
 */

/** Deeds done and undone. Event "change": something else can be undone or redone now. */
export class History extends EventTarget {
  /** @type {Deed[]} */
  #done = [];
  /** @type {Deed[]} */
  #undone = [];

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  /**
   * Tell whether something that was done to one thing can be undone.
   *
   * @param {unknown} of
   */
  has(of) {
    return this.#done.some((deed) => deed.of === of);
  }

  /**
   * Remember what was just done; what was undone before can then not be redone any more.
   *
   * @param {Deed} deed
   */
  add(deed) {
    this.#done.push(deed);
    this.#undone = [];
    let bytes = this.#done.reduce((sum, one) => sum + (one.bytes ?? 0), 0);
    while (this.#done.length > MOST || (bytes > MOST_BYTES && this.#done.length > 1)) {
      bytes -= this.#done.shift()?.bytes ?? 0;
    }
    this.#changed();
  }

  /**
   * Take back what was done last.
   *
   * @param {unknown} [of] to this alone, whatever was done since to something else
   */
  undo(of) {
    const at = this.#done.findLastIndex((deed) => of === undefined || deed.of === of);
    if (at < 0) return;
    const [deed] = this.#done.splice(at, 1);
    this.#undone.push(deed);
    deed.undo();
    this.#changed();
  }

  /** Do again what was undone last. */
  redo() {
    const deed = this.#undone.pop();
    if (deed === undefined) return;
    this.#done.push(deed);
    deed.redo();
    this.#changed();
  }

  /**
   * Deeds done to something that is no longer there cannot be undone.
   *
   * @param {unknown} of
   */
  forget(of) {
    this.#done = this.#done.filter((deed) => deed.of !== of);
    this.#undone = this.#undone.filter((deed) => deed.of !== of);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
