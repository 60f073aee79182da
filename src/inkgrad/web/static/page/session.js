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
import { checkStrokes } from "../drawing/strokes.js";

/** @typedef {import("../drawing/strokes.js").Drawing} Drawing */

export class Session extends EventTarget {
  #look = Promise.resolve(); // at the drawing shown last

  /** @param {import("./client.js").Client} client */
  constructor(client) {
    super();
    this.client = client;
    /** What `Client.load` tells of the model, and its name; null before there is one. */
    this.model = null;
    /** @type {Drawing} the strokes on the pad */
    this.drawing = [];
    /** What `Client.see` returned for it; null where there is no drawing. */
    this.seen = null;
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
   * Let the model see a drawing. While it is busy, only the newest drawing waits.
   *
   * @param {Drawing} drawing no strokes: the pad is empty
   */
  async show(drawing) {
    this.drawing = drawing;
    if (drawing.length === 0) {
      this.seen = null;
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
    const seen = await this.client.see(checkStrokes(drawing));
    if (seen === null || this.drawing !== drawing) return; // a newer drawing is on its way
    this.seen = seen;
    this.#tell("seen");
  }

  /** Return the loss of the drawing, were `label` (a class's number) right, and all derivatives. */
  learn(label) {
    return this.client.learn(label);
  }

  /** Take one step of gradient descent on the drawing; return probabilities and loss before, after. */
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
    const strokes = drawings.map((drawing) => checkStrokes(drawing));
    const { accuracy, losses, ...model } = await this.client.teach(name, strokes);
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
    this.seen = null;
    this.#tell("model");
  }

  async #takeParameters(parameters) {
    this.model.parameters = parameters;
    this.#tell("parameters");
    await this.show(this.drawing);
  }

  #tell(what) {
    this.dispatchEvent(new Event(what));
  }
}
