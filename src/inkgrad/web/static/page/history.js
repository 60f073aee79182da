/**
 * What can be undone: everything that takes something away or adds to it, in the order it was done.
 *
 * @module
 */

const MOST = 500; // deeds that are remembered

/**
 * A deed that can be taken back.
 *
 * @typedef {{ undo: () => unknown, redo: () => unknown }} Deed
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
   * Remember what was just done; what was undone before can then not be redone any more.
   *
   * @param {Deed} deed
   */
  add(deed) {
    this.#done.push(deed);
    if (this.#done.length > MOST) this.#done.shift();
    this.#undone = [];
    this.#changed();
  }

  /** Take back what was done last. */
  undo() {
    const deed = this.#done.pop();
    if (deed === undefined) return;
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

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
