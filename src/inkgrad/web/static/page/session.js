/**
 * What the page is about at the moment: a model, a drawing, and what the model sees in it.
 *
 * The panels read it and listen to it; nobody else talks to the worker.
 *
 * Events: "model" (another model, or more classes), "parameters" (other weights of the same model),
 * "seen" (what the model sees in the drawing is known, or there is no drawing any more).
 *
 * @module
 */
/** @typedef {import("../drawing/strokes.js").Drawing} Drawing */

export class Session extends EventTarget {
  #look = Promise.resolve(); // at the drawing shown last
  #turn = 0; // how often older answers lost their meaning: another model, an empty pad

  /** @param {import("./client.js").Client} client */
  constructor(client) {
    super();
    this.client = client;
    /** What `Client.load` tells of the model, and its name; null before there is one. */
    this.model = null;
    /** @type {Drawing} the strokes on the pad */
    this.drawing = [];
    /**
     * What `Client.see` returned for the newest drawing that it has answered, with that `drawing`;
     * null where there is none. While somebody draws, it may be some points behind.
     */
    this.seen = null;
    /** Why the drawing cannot be seen, if it cannot. */
    this.trouble = null;
  }

  /**
   * Take a model file.
   *
   * @param {string} name how to call it
   * @param {Uint8Array} bytes of the safetensors file
   * @param {string} [where] how an error calls the file
   * @throws {ModelError} if it is no model; the model before stays
   */
  async openModel(name, bytes, where = name) {
    this.#takeModel(name, await this.client.load(bytes, where));
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

  /** Wait until what was shown last is seen. */
  async settled() {
    let look;
    do {
      look = this.#look;
      await look;
    } while (look !== this.#look);
  }

  async #see(drawing) {
    const turn = this.#turn;
    let seen = null;
    let trouble = null;
    try {
      seen = await this.client.see(drawing);
      if (seen === null) return; // a newer drawing has taken its place
    } catch (error) {
      if (error.name !== "DrawingError") throw error;
      trouble = error.message;
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

  /** Return the loss of the drawing, were `label` (a class's number) right, and all derivatives. */
  learn(label) {
    return this.client.learn(label);
  }

  /** Take one step of gradient descent on the drawing; return what it was before and after. */
  async step(label, rate) {
    const { parameters, ...change } = await this.client.step(label, rate);
    await this.#takeParameters(parameters);
    return change;
  }

  /** Compare one weight's derivative with a difference of losses. */
  check(label, name, index, epsilon) {
    return this.client.check(label, name, index, epsilon);
  }

  /** Undo all steps. */
  async reset() {
    await this.#takeParameters((await this.client.reset()).parameters);
  }

  /**
   * Teach the model a class.
   *
   * @param {string} name
   * @param {Drawing[]} drawings of it
   * @returns {Promise<{ accuracy: number, losses: number[] }>} see `Learner.teach`
   */
  async teach(name, drawings) {
    const { accuracy, losses, ...model } = await this.client.teach(name, drawings);
    this.#takeModel(this.model.name, model);
    await this.show(this.drawing);
    return { accuracy, losses };
  }

  /** Return to the model as it was opened, without what it was taught. */
  async forget() {
    this.#takeModel(this.model.name, await this.client.forget());
    await this.show(this.drawing);
  }

  /** Return the model as it is now, as the bytes of a model file. */
  save() {
    return this.client.save();
  }

  #takeModel(name, model) {
    this.model = { ...model, name };
    this.#forget();
    this.#tell("model");
  }

  async #takeParameters(parameters) {
    this.model.parameters = parameters;
    this.#turn++;
    this.#tell("parameters");
    await this.show(this.drawing);
  }

  #tell(what) {
    this.dispatchEvent(new Event(what));
  }
}
