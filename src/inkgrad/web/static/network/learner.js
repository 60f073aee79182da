/**
 * What the page asks of the engine: one model, the drawing at hand, and what is done with both.
 *
 * A `Learner` lives in a worker (`worker.js`), and the page talks to it through `client.js`; all
 * arguments and results can therefore be copied between the two.
 *
 * @module
 */

import { backward, forward, lossOf, step } from "./engine.js";
import { ModelError, ShapeError } from "../errors.js";
import { softmax } from "../layers/softmax.js";
import { Model } from "./model.js";
import { Network } from "./network.js";
import { addClass, variants } from "./newclass.js";
import { DrawingError } from "../drawing/strokes.js";

/** @typedef {import("../drawing/strokes.js").Drawing} Drawing */

/**
 * What was done to a model since it was loaded, as files: null where nothing was.
 *
 * @typedef {object} Snapshot
 * @property {Uint8Array | null} taught with the classes that it was taught
 * @property {Uint8Array | null} stepped with the steps taken since
 * @property {number} steps how many
 */

/** A model that is looked at and taught, and the drawing that it was shown last. */
export class Learner {
  #loaded = null; // the model as it was read
  #start = null; // as it was read or last taught a class: where steps began
  #model = null; // as it is now
  #steps = 0; // since #start
  #pass = null; // of the drawing at hand through it

  /**
   * Read a model, in place of the one there was.
   *
   * @param {Uint8Array} bytes
   * @param {string} [where] how an error calls the file
   * @returns {object} {classes, layers, parameters, record, raster, size, hasFeatures, steps,
   *   taught}: steps and classes taught since it was loaded
   * @throws {ModelError}
   */
  load(bytes, where) {
    this.#loaded = this.#start = Model.fromBytes(bytes, where);
    this.#pass = null;
    this.#steps = 0;
    this.#become(this.#start);
    return this.#description();
  }

  /**
   * Return what was done to the model since it was loaded, for `restore`.
   *
   * @returns {Snapshot}
   */
  snapshot() {
    const model = this.#now();
    return {
      taught: this.#start === this.#loaded ? null : this.#start.toBytes(),
      stepped: model === this.#start ? null : model.toBytes(),
      steps: this.#steps,
    };
  }

  /**
   * Make the model what it was when `snapshot` was called.
   *
   * @param {Snapshot} snapshot of this very model
   * @returns {object} what `load` returned, of the model as it then is
   * @throws {ModelError} if it is of a model that sees drawings otherwise; then nothing changes
   */
  restore({ taught, stepped, steps }) {
    this.#now();
    const start = taught === null ? this.#loaded : Model.fromBytes(taught, "what was taught");
    const model = stepped === null ? start : Model.fromBytes(stepped, "what was learnt");
    for (const { raster, network } of [start, model]) {
      const isSame =
        String(network.inputShape) === String(this.#loaded.network.inputShape) &&
        JSON.stringify(raster.toDict()) === JSON.stringify(this.#loaded.raster.toDict());
      if (!isSame) throw new ModelError("what was done before was done to another model");
    }
    this.#start = start;
    this.#steps = steps;
    this.#become(model);
    return this.#description();
  }

  /**
   * Recognise a drawing, which is from then on the one at hand.
   *
   * @param {Drawing} drawing
   * @returns {object} {bitmap, outputs, probabilities, milliseconds}
   * @throws {DrawingError}
   */
  see(drawing) {
    const start = performance.now();
    const { bitmap, outputs, saved, probabilities } = this.#now().see(drawing);
    this.#pass = { outputs, saved };
    return { bitmap, outputs, probabilities, milliseconds: performance.now() - start };
  }

  /**
   * Return what the right answer for the drawing at hand would teach.
   *
   * @param {number} label the right class's index
   * @returns {object} {loss, probabilities, derivatives, gradients}, see `backward`
   */
  learn(label) {
    const { network, parameters } = this.#now();
    return backward(network, parameters, this.#seen(), label);
  }

  /**
   * Learn: take one step of gradient descent on the drawing at hand.
   *
   * @param {number} label the right class's index
   * @param {number} rate
   * @returns {object} {before, after, parameters}, before and after being {loss, probabilities}
   * @throws {ShapeError} if the step leads out of all numbers; then nothing has changed
   */
  step(label, rate) {
    const { loss, probabilities, gradients } = this.learn(label);
    const parameters = step(this.#model.parameters, gradients, rate);
    if (!Object.values(parameters).every((values) => values.every(Number.isFinite))) {
      throw new ShapeError(
        `a step at rate ${rate} makes weights that are not finite; take a smaller rate`,
      );
    }
    this.#become(new Model({ ...this.#model, parameters }));
    this.#steps++;
    const { outputs } = this.#pass;
    return {
      before: { loss, probabilities },
      after: {
        loss: lossOf(this.#model.network, parameters, outputs[0], label),
        probabilities: softmax(outputs[outputs.length - 1]),
      },
      parameters,
    };
  }

  /**
   * Compare one number of the gradient with what a nudge of its weight does to the loss.
   *
   * @param {number} label the right class's index
   * @param {string} name of the parameter: "conv1.weight"
   * @param {number} index the weight's place in it
   * @param {number} epsilon how far it is nudged, up and down
   * @returns {object} {analytic, numeric, lossUp, lossDown, epsilon}, numeric being
   *   (lossUp − lossDown) / 2ε
   * @throws {ShapeError} if there is no such weight, or the nudge is none
   */
  check(label, name, index, epsilon) {
    const { network, parameters } = this.#now();
    const isThere = Number.isInteger(index) && index >= 0 && index < parameters[name]?.length;
    if (!Object.hasOwn(parameters, name) || !isThere) {
      throw new ShapeError(`there is no weight ${index} of ${name}; see the model's parameters`);
    }
    if (!(Number.isFinite(epsilon) && epsilon > 0)) {
      throw new ShapeError(`epsilon is ${epsilon}; give a small number above 0, such as 0.001`);
    }
    const analytic = this.learn(label).gradients[name][index];
    const lossAt = (nudge) => {
      const nudged = Float64Array.from(parameters[name]); // else w + ε itself would be rounded
      nudged[index] += nudge;
      return lossOf(network, { ...parameters, [name]: nudged }, this.#pass.outputs[0], label);
    };
    const [lossUp, lossDown] = [lossAt(epsilon), lossAt(-epsilon)];
    return { analytic, numeric: (lossUp - lossDown) / (2 * epsilon), lossUp, lossDown, epsilon };
  }

  /**
   * Teach the model a class, new or known, from drawings of it; steps taken before are kept.
   *
   * @param {string} name of the class
   * @param {Drawing[]} drawings
   * @returns {object} what `load` returns, of the model as it then is, and {accuracy, losses}: the
   *   share of these drawings that it now takes for what they are, and the loss while it learnt
   * @throws {ModelError | DrawingError} if it has no features, a drawing is unusable or the name is
   *   empty; then nothing has changed
   */
  teach(name, drawings) {
    const model = this.#now();
    const known = model.classes.indexOf(name);
    const label = known < 0 ? model.classes.length : known;
    const last = model.network.layers.length - 1;
    const stage = model.network.layers[last];
    if (stage.type !== "Dense") {
      throw new ModelError("only a network whose last layer is Dense can be taught a class");
    }
    const [weight, bias] = [`${stage.name}.weight`, `${stage.name}.bias`];
    const layer = {
      weight: model.parameters[weight],
      bias: model.parameters[bias],
      features: model.features,
    };
    const rows = drawings
      .flatMap((drawing) => variants(drawing))
      .map((drawing) => {
        return model.see(drawing).outputs[last]; // what the last layer is given
      });
    const learnt = addClass(layer, rows, label);

    const config = model.network.toConfig();
    const classes = known < 0 ? [...model.classes, name] : model.classes;
    config.layers[last].outputs = classes.length;
    const record = {
      ...model.record,
      taught: [...taughtIn(model), { class: name, drawings: drawings.length }],
    };
    this.#start = new Model({
      network: Network.fromConfig(config),
      parameters: { ...model.parameters, [weight]: learnt.weight, [bias]: learnt.bias },
      classes,
      raster: model.raster,
      record,
      features: learnt.features,
    });
    this.#steps = 0;
    this.#become(this.#start);
    const right = drawings.filter((drawing) => {
      const { probabilities } = this.#start.see(drawing);
      return probabilities.indexOf(Math.max(...probabilities)) === label;
    });
    return {
      ...this.#description(),
      accuracy: right.length / drawings.length,
      losses: learnt.losses,
    };
  }

  /** Undo all steps since the model was loaded or last taught a class; return {parameters}. */
  reset() {
    this.#now();
    this.#steps = 0;
    this.#become(this.#start);
    return { parameters: this.#model.parameters };
  }

  /** Undo everything since the model was loaded; return what `load` returned. */
  forget() {
    this.#now();
    this.#start = this.#loaded;
    this.#steps = 0;
    this.#become(this.#start);
    return this.#description();
  }

  /** Return the model as it is now as a file that `inkgrad.load` reads: a Uint8Array. */
  save() {
    return this.#now().toBytes();
  }

  /** Take a model and look at the drawing at hand, if there is one, with it. */
  #become(model) {
    this.#model = model;
    if (this.#pass === null) return;
    this.#pass = forward(model.network, model.parameters, this.#pass.outputs[0]);
  }

  #now() {
    if (this.#model === null) throw new ModelError("there is no model yet; load one first");
    return this.#model;
  }

  #seen() {
    if (this.#pass === null)
      throw new DrawingError("there is no drawing yet; draw something first");
    return this.#pass;
  }

  #description() {
    const { network, parameters, classes, raster, record, features } = this.#model;
    const known = taughtIn(this.#loaded).length;
    return {
      steps: this.#steps,
      taught: taughtIn(this.#model).slice(known).map((one) => one.class),
      classes,
      layers: network.layers.map(({ layer, ...plain }) => plain),
      parameters,
      record,
      raster: raster.toDict(),
      size: network.size,
      hasFeatures: features !== null,
    };
  }
}

/** Return what a model's record says that it was taught; files may hold anything there. */
function taughtIn({ record }) {
  return Array.isArray(record.taught) ? record.taught : [];
}
