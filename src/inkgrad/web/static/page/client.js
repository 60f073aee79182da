/**
 * The page's side of the worker: `Learner`'s methods, each of which returns a promise.
 *
 * @module
 */

import { TEXTS } from "./texts.js";

/** @typedef {import("../drawing/strokes.js").Drawing} Drawing */
/** @typedef {import("../network/learner.js").Ablated} Ablated */
/** @typedef {import("../network/learner.js").Attributed} Attributed */
/** @typedef {import("../network/learner.js").Check} Check */
/** @typedef {import("../network/learner.js").Description} Description */
/** @typedef {import("../network/learner.js").Seen} Seen */
/** @typedef {import("../network/learner.js").Snapshot} Snapshot */
/** @typedef {import("../network/learner.js").Step} Step */
/** @typedef {import("../network/learner.js").Taught} Taught */
/** @typedef {import("../network/engine.js").Lesson} Lesson */
/** @typedef {import("../network/engine.js").Parameters} Parameters */

/** @typedef {{ resolve: (result: any) => void, reject: (error: Error) => void }} Call */
/** @typedef {{ drawing: Drawing, withOutputs: boolean }} Look at a drawing */

/**
 * Talks to a worker that runs `worker.js`.
 *
 * What goes wrong there is thrown here: an `Error` with the same `name` and `message`.
 *
 * @example
 * const client = new Client(new Worker("static/worker.js", { type: "module" }));
 * const { classes } = await client.load(bytes);
 * const { probabilities } = await client.see([[[0, 255], [0, 255]]]);
 */
export class Client {
  #worker;
  #calls = 0;
  /** @type {Map<number, Call>} */
  #unanswered = new Map(); // by the call's id
  /** @type {(Call & { look: Look }) | null} */
  #next = null; // the drawing to be seen when the worker is free
  /** @type {Drawing} */
  #sent = []; // the strokes that the worker has
  /** @type {Error | null} */
  #broken = null; // why the worker does not run, if it does not

  /** @param {Worker} worker */
  constructor(worker) {
    this.#worker = worker;
    worker.addEventListener("message", ({ data }) => this.#settle(data));
    worker.addEventListener("error", ({ message }) => this.#fail(message ?? TEXTS.page.notLoaded));
  }

  /**
   * See `Learner.load`.
   *
   * @param {Uint8Array} bytes
   * @param {string} [where]
   * @returns {Promise<Description>}
   */
  load(bytes, where) {
    return this.#call("load", bytes, where);
  }

  /**
   * See `Learner.see`.
   *
   * While the worker is busy, only the newest drawing waits: for one that a newer takes the place
   * of, the answer is null. Only strokes that the worker does not have are sent, so that it costs
   * the same however many there are; a stroke that has changed must therefore be another array.
   *
   * @param {Drawing} drawing
   * @param {boolean} [withOutputs]
   * @returns {Promise<Seen | null>}
   */
  see(drawing, withOutputs = true) {
    const look = { drawing, withOutputs };
    if (this.#unanswered.size === 0) return this.#sendDrawing(look);
    this.#next?.resolve(null);
    return new Promise((resolve, reject) => {
      this.#next = { look, resolve, reject };
    });
  }

  /**
   * See `Learner.learn`.
   *
   * @param {number} label
   * @returns {Promise<Lesson>}
   */
  learn(label) {
    return this.#call("learn", label);
  }

  /**
   * See `Learner.attribute`.
   *
   * @param {number} label
   * @returns {Promise<Attributed>}
   */
  attribute(label) {
    return this.#call("attribute", label);
  }

  /**
   * See `Learner.ablate`.
   *
   * @param {string} kind
   * @param {number} label
   * @param {number} first
   * @returns {Promise<Ablated | null>}
   */
  ablate(kind, label, first) {
    return this.#call("ablate", kind, label, first);
  }

  /**
   * See `Learner.step`.
   *
   * @param {number} label
   * @param {number} rate
   * @returns {Promise<Step>}
   */
  step(label, rate) {
    return this.#call("step", label, rate);
  }

  /**
   * See `Learner.check`.
   *
   * @param {number} label
   * @param {string} name
   * @param {number} index
   * @param {number} epsilon
   * @returns {Promise<Check>}
   */
  check(label, name, index, epsilon) {
    return this.#call("check", label, name, index, epsilon);
  }

  /**
   * See `Learner.teach`.
   *
   * @param {string} name
   * @param {Drawing[]} drawings
   * @returns {Promise<Description & Taught>}
   */
  teach(name, drawings) {
    return this.#call("teach", name, drawings);
  }

  /** See `Learner.snapshot`. @returns {Promise<Snapshot>} */
  snapshot() {
    return this.#call("snapshot");
  }

  /**
   * See `Learner.restore`.
   *
   * @param {Snapshot} snapshot
   * @returns {Promise<Description>}
   */
  restore(snapshot) {
    return this.#call("restore", snapshot);
  }

  /** See `Learner.reset`. @returns {Promise<{ parameters: Parameters }>} */
  reset() {
    return this.#call("reset");
  }

  /** See `Learner.forget`. @returns {Promise<Description>} */
  forget() {
    return this.#call("forget");
  }

  /** See `Learner.save`. @returns {Promise<Uint8Array>} */
  save() {
    return this.#call("save");
  }

  /**
   * Call anything but `see`: the drawing that waits goes first, since the call may be about it.
   *
   * @param {string} method
   * @param {unknown[]} given
   */
  #call(method, ...given) {
    this.#sendNext();
    return this.#send(method, given);
  }

  #sendNext() {
    if (this.#next === null) return;
    const { look, resolve, reject } = this.#next;
    this.#next = null;
    this.#sendDrawing(look).then(resolve, reject);
  }

  /** @param {Look} look */
  #sendDrawing({ drawing, withOutputs }) {
    const isList = Array.isArray(drawing);
    let kept = 0;
    while (isList && kept < drawing.length && drawing[kept] === this.#sent[kept]) kept++;
    const given = [isList ? drawing.slice(kept) : drawing, withOutputs];
    return this.#send("see", given, kept, isList ? drawing : []);
  }

  /**
   * @param {string} method
   * @param {unknown[]} given
   * @returns {Promise<any>}
   */
  #send(method, given, kept = 0, sent = this.#sent) {
    return new Promise((resolve, reject) => {
      if (this.#broken !== null) throw this.#broken;
      const id = ++this.#calls;
      // Throws what cannot be copied.
      this.#worker.postMessage({ id, method, arguments: given, kept });
      this.#sent = sent;
      this.#unanswered.set(id, { resolve, reject });
    });
  }

  /** @param {{ id: number, result?: any, error?: { name: string, message: string } }} answer */
  #settle({ id, result, error }) {
    const call = this.#unanswered.get(id);
    this.#unanswered.delete(id);
    if (error === undefined) call?.resolve(result);
    else call?.reject(Object.assign(new Error(error.message), { name: error.name }));
    if (this.#unanswered.size === 0) this.#sendNext();
  }

  /** @param {string} reason */
  #fail(reason) {
    this.#broken = new Error(TEXTS.page.noEngine(reason));
    for (const { reject } of this.#unanswered.values()) reject(this.#broken);
    this.#unanswered.clear();
    this.#sendNext();
  }
}
