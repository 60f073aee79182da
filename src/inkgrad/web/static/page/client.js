/**
 * The page's side of the worker: `Learner`'s methods, each of which returns a promise.
 *
 * @module
 */

/** @typedef {import("../drawing/strokes.js").Drawing} Drawing */

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
  #unanswered = new Map(); // {resolve, reject} by the call's id
  #next = null; // the drawing to be seen when the worker is free: {drawing, resolve, reject}
  #sent = []; // the strokes that the worker has
  #broken = null; // why the worker does not run, if it does not

  /** @param {Worker} worker */
  constructor(worker) {
    this.#worker = worker;
    worker.addEventListener("message", ({ data }) => this.#settle(data));
    worker.addEventListener("error", ({ message }) => this.#fail(message ?? "it cannot be loaded"));
  }

  /** See `Learner.load`. */
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
   * @returns {Promise<object | null>}
   */
  see(drawing) {
    if (this.#unanswered.size === 0) return this.#sendDrawing(drawing);
    this.#next?.resolve(null);
    return new Promise((resolve, reject) => {
      this.#next = { drawing, resolve, reject };
    });
  }

  /** See `Learner.learn`. */
  learn(label) {
    return this.#call("learn", label);
  }

  /** See `Learner.step`. */
  step(label, rate) {
    return this.#call("step", label, rate);
  }

  /** See `Learner.check`. */
  check(label, name, index, epsilon) {
    return this.#call("check", label, name, index, epsilon);
  }

  /** See `Learner.teach`. */
  teach(name, drawings) {
    return this.#call("teach", name, drawings);
  }

  /** See `Learner.snapshot`. */
  snapshot() {
    return this.#call("snapshot");
  }

  /** See `Learner.restore`. */
  restore(snapshot) {
    return this.#call("restore", snapshot);
  }

  /** See `Learner.reset`. */
  reset() {
    return this.#call("reset");
  }

  /** See `Learner.forget`. */
  forget() {
    return this.#call("forget");
  }

  /** See `Learner.save`. */
  save() {
    return this.#call("save");
  }

  /** Call anything but `see`: the drawing that waits goes first, since the call may be about it. */
  #call(method, ...given) {
    this.#sendNext();
    return this.#send(method, given);
  }

  #sendNext() {
    if (this.#next === null) return;
    const { drawing, resolve, reject } = this.#next;
    this.#next = null;
    this.#sendDrawing(drawing).then(resolve, reject);
  }

  #sendDrawing(drawing) {
    const isList = Array.isArray(drawing);
    let kept = 0;
    while (isList && kept < drawing.length && drawing[kept] === this.#sent[kept]) kept++;
    return this.#send("see", [isList ? drawing.slice(kept) : drawing], kept, isList ? drawing : []);
  }

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

  #settle({ id, result, error }) {
    const call = this.#unanswered.get(id);
    this.#unanswered.delete(id);
    if (error === undefined) call?.resolve(result);
    else call?.reject(Object.assign(new Error(error.message), { name: error.name }));
    if (this.#unanswered.size === 0) this.#sendNext();
  }

  #fail(reason) {
    this.#broken = new Error(`the page's engine does not run: ${reason}`);
    for (const { reject } of this.#unanswered.values()) reject(this.#broken);
    this.#unanswered.clear();
    this.#sendNext();
  }
}
