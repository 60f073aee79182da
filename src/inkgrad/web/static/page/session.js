/**
 * What the page is about at the moment: a model, a drawing, and what the model sees in it.
 *
 * The panels read it and listen to it; nobody else talks to the worker.
 *
 * Events: "model" (another model, or more classes), "parameters" (other weights of the same model),
 * "seen" (what the model sees in the drawing is known, or there is no drawing any more),
 * "answer" (somebody says what the drawing is), "collection" (the drawings of one's own).
 *
 * @module
 */
import { History } from "./history.js";

/** @typedef {import("../drawing/strokes.js").Drawing} Drawing */

/** What deeds are done to that another model makes meaningless; see `History`. */
export const MODEL = "model";

export class Session extends EventTarget {
  #look = Promise.resolve(); // at the drawing shown last
  /** @type {import("./history.js").Deed | null} */
  #deed = null; // what is being done to the model
  /** @type {Promise<any>} */
  #lesson = Promise.resolve(); // the derivatives asked for last
  #turn = 0; // how often older answers lost their meaning: another model, an empty pad

  /**
   * @param {import("./client.js").Client} client
   * @param {History} [history] what can be undone, on the pad and elsewhere
   */
  constructor(client, history = new History()) {
    super();
    this.client = client;
    /** @readonly */
    this.history = history;
    /** What `Client.load` tells of the model, and its name; null before there is one. */
    this.model = null;
    /** @type {string | null} in what the model's weights were packed, if they were rounded */
    this.weights = null;
    /** What the model was when it was opened: its classes and its record, as one text. */
    this.origin = "";
    /** The file that the model was opened from; null if it is one of the page's own. */
    this.file = null;
    /** @type {Map<string, Drawing[]>} the drawings of one's own by class; never changed in place */
    this.collection = new Map();
    /** @type {Drawing} the strokes on the pad */
    this.drawing = [];
    /**
     * What `Client.see` returned for the newest drawing that it has answered, with that `drawing`;
     * null where there is none. While somebody draws, it may be some points behind. Its `outputs`
     * are null where nobody looked into the layers.
     */
    this.seen = null;
    /** @type {string | null} the class that the drawing is said to be */
    this.answer = null;
    /** Why the drawing cannot be seen, if it cannot. */
    this.trouble = null;
    /** @type {(() => boolean)[]} of each panel: whether it needs the outputs of all layers now */
    this.lookers = [];
  }

  /**
   * Take a model file.
   *
   * @param {string} name how to call it
   * @param {Uint8Array} bytes of the safetensors file
   * @param {object} [from]
   * @param {string} [from.where] how an error calls the file
   * @param {boolean} [from.isFile] it is not one of the page's own
   * @param {string | null} [from.weights] in what its weights were packed, if they were rounded
   * @throws {ModelError} if it is no model; the model before stays
   */
  async openModel(name, bytes, { where = name, isFile = false, weights = null } = {}) {
    const model = await this.client.load(bytes, where);
    this.history.forget(MODEL);
    this.file = isFile ? bytes : null;
    this.weights = weights;
    this.answer = null;
    this.origin = JSON.stringify([model.classes, model.record]);
    this.#takeModel(name, model);
    await this.show(this.drawing);
  }

  /**
   * Let the model see a drawing. While it is busy, only the newest drawing waits; every answer is
   * shown, in order, even if the hand is further by then.
   *
   * @param {Drawing} drawing no strokes: the pad is empty
   */
  async show(drawing) {
    this.drawing = drawing;
    if (drawing.length === 0) {
      this.#forget();
      this.#tell("seen");
      return;
    }
    this.#look = this.#see(drawing);
    await this.#look;
  }

  /**
   * See that the outputs of all layers are known for a panel that needs them, now that it is shown.
   *
   * @returns {boolean} whether they are; if not, there is another "seen" when they are
   */
  lookInside() {
    if (this.seen === null || this.seen.outputs !== null) return true;
    this.show(this.drawing);
    return false;
  }

  /** Wait until what was shown last is seen, and learnt from if it was asked what that teaches. */
  async settled() {
    let look;
    let lesson;
    do {
      [look, lesson] = [this.#look, this.#lesson];
      await look;
      await lesson.catch(() => null); // whoever asked for it says so
    } while (look !== this.#look || lesson !== this.#lesson);
  }

  /** @param {Drawing} drawing */
  async #see(drawing) {
    const turn = this.#turn;
    /** @type {import("../network/learner.js").Seen | null} */
    let seen = null;
    /** @type {string | null} */
    let trouble = null;
    try {
      seen = await this.client.see(
        drawing,
        this.lookers.some((needs) => needs()),
      );
      if (seen === null) return; // a newer drawing has taken its place
    } catch (error) {
      const { name, message } = /** @type {Error} */ (error);
      if (name !== "DrawingError") throw error;
      trouble = message;
    }
    if (turn !== this.#turn) return; // too late
    this.seen = seen && { ...seen, drawing };
    this.trouble = trouble;
    this.#tell("seen");
  }

  /** From now on no answer to what was asked before counts. */
  #forget() {
    this.#turn++;
    this.seen = null;
    this.trouble = null;
  }

  /**
   * Say what the drawing is.
   *
   * @param {string | null} name a class
   */
  say(name) {
    this.answer = name;
    this.#tell("answer");
  }

  /** Return the loss of the drawing, were `label` (a class's number) right, and all derivatives. */
  learn(label) {
    const lesson = this.client.learn(label);
    this.#lesson = lesson;
    return lesson;
  }

  /** Return the gradient of a class's logit by the drawing, and Grad-CAM. */
  attribute(label) {
    return this.client.attribute(label);
  }

  /**
   * Return by how much a class's log-odds fall without each part of the drawing.
   *
   * The worker is free for other calls in between.
   *
   * @param {string} kind "strokes" or "occlusion"
   * @param {number} label
   * @returns {Promise<number[] | null>} null if the drawing or the model changed meanwhile
   */
  async ablate(kind, label) {
    /** @type {number[]} */
    const falls = [];
    let count;
    do {
      const slice = await this.client.ablate(kind, label, falls.length);
      if (slice === null) return null;
      falls.push(...slice.falls);
      ({ count } = slice);
    } while (falls.length < count);
    return falls;
  }

  /** Take one step of gradient descent on the drawing; return what it was before and after. */
  step(label, rate) {
    return this.#change(async () => {
      const { parameters, ...change } = await this.client.step(label, rate);
      await this.#takeParameters(parameters, this.model.steps + 1);
      return change;
    });
  }

  /** Compare one weight's derivative with a difference of losses. */
  check(label, name, index, epsilon) {
    return this.client.check(label, name, index, epsilon);
  }

  /** Undo all steps. */
  reset() {
    return this.#change(async () => {
      await this.#takeParameters((await this.client.reset()).parameters, 0);
    });
  }

  /**
   * Teach the model a class.
   *
   * @param {string} name
   * @param {Drawing[]} drawings of it
   * @returns {Promise<{ accuracy: number }>} see `Learner.teach`
   */
  teach(name, drawings) {
    return this.#change(async () => {
      const { accuracy, ...model } = await this.client.teach(name, drawings);
      this.#takeModel(this.model.name, model);
      await this.show(this.drawing);
      return { accuracy };
    });
  }

  /** Return to the model as it was opened, without what it was taught. */
  forget() {
    return this.#change(async () => {
      this.#takeModel(this.model.name, await this.client.forget());
      await this.show(this.drawing);
    });
  }

  /** Whether the model is another than the one that was opened. */
  get isChanged() {
    return this.model !== null && (this.model.steps > 0 || this.model.taught.length > 0);
  }

  /** Return what was done to the model since it was opened, for `restore`. */
  snapshot() {
    return this.client.snapshot();
  }

  /**
   * Make the model what it was at a `snapshot`.
   *
   * @param {import("../network/learner.js").Snapshot} snapshot
   */
  async restore(snapshot) {
    const model = await this.client.restore(snapshot);
    if (String(model.classes) === String(this.model.classes)) {
      await this.#takeParameters(model.parameters, model.steps);
    } else {
      this.#takeModel(this.model.name, model);
      await this.show(this.drawing);
    }
  }

  /**
   * Take the drawings of one's own that were kept; this cannot be undone.
   *
   * @param {Map<string, Drawing[]>} collection
   */
  restoreCollection(collection) {
    this.collection = collection;
    this.#tell("collection");
  }

  /** Add a drawing of one's own to a class. */
  addDrawing(word, drawing) {
    this.#collect(() => {
      const list = this.collection.get(word) ?? [];
      this.collection.set(word, [...list, drawing]);
    });
  }

  /** Add drawings of several classes. */
  addDrawings(collection) {
    this.#collect(() => {
      for (const [word, drawings] of collection) {
        this.collection.set(word, [...(this.collection.get(word) ?? []), ...drawings]);
      }
    });
  }

  /** Remove the i-th drawing of a class, and the class with its last one. */
  removeDrawing(word, i) {
    this.#collect(() => {
      const left = (this.collection.get(word) ?? []).filter((_, at) => at !== i);
      if (left.length > 0) this.collection.set(word, left);
      else this.collection.delete(word);
    });
  }

  /** Return the model as it is now, as the bytes of a model file. */
  save() {
    return this.client.save();
  }

  #takeModel(name, model) {
    this.model = { ...model, name };
    this.#forget();
    this.#remember();
    this.#tell("model");
  }

  async #takeParameters(parameters, steps) {
    Object.assign(this.model, { parameters, steps });
    this.#turn++;
    this.#remember();
    this.#tell("parameters");
    await this.show(this.drawing);
  }

  /** Do something to the model, so that it can be undone as soon as it is seen. */
  async #change(work) {
    const before = await this.client.snapshot();
    /** @type {Promise<import("../network/learner.js").Snapshot> | null} */
    let after = null; // what there is when it is undone: asked for before anything else is
    const size = (before.taught?.length ?? 0) + (before.stepped?.length ?? 0);
    this.#deed = {
      undo: () => {
        after ??= this.client.snapshot();
        return this.restore(before);
      },
      redo: async () => this.restore(await /** @type {NonNullable<typeof after>} */ (after)),
      of: MODEL,
      bytes: 2 * size, // what comes after is about as large
    };
    try {
      return await work();
    } finally {
      this.#deed = null;
    }
  }

  /** Put into the history what is being done, if the model was changed by the user. */
  #remember() {
    if (this.#deed !== null) this.history.add(this.#deed);
    this.#deed = null;
  }

  /** Do something to the drawings of one's own, so that it can be undone. */
  #collect(work) {
    const before = this.collection;
    this.collection = new Map(before);
    work();
    const after = this.collection;
    const show = (collection) => {
      this.collection = collection;
      this.#tell("collection");
    };
    this.history.add({ undo: () => show(before), redo: () => show(after) });
    this.#tell("collection");
  }

  #tell(what) {
    this.dispatchEvent(new Event(what));
  }
}
