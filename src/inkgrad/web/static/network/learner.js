/**
 * What the page asks of the engine: one model, the drawing at hand, and what is done with both.
 *
 * A `Learner` lives in a worker (`worker.js`), and the page talks to it through `client.js`; all
 * arguments and results can therefore be copied between the two.
 *
 * @module
 */

import { attribute, logOdds, occlude, patches } from "./attribution.js";
import { backward, forward, lossOf, step } from "./engine.js";
import { ModelError, ShapeError } from "../errors.js";
import { softmax } from "../layers/softmax.js";
import { Model, asInput } from "./model.js";
import { Network } from "./network.js";
import { bitmapWithout, partsOf } from "./parts.js";
import { addClass, logitsBy, refineClass } from "./tuning.js";
import { intoFrame } from "../drawing/simplify.js";
import { DrawingError } from "../drawing/strokes.js";
import { variants } from "../drawing/variants.js";

/** @typedef {import("../drawing/strokes.js").Drawing} Drawing */
/** @typedef {import("../layers/explanation.js").Layer} Layer */
/** @typedef {import("./engine.js").Lesson} Lesson */
/** @typedef {import("./engine.js").Parameters} Parameters */
/** @typedef {import("./engine.js").Pass} Pass */

/**
 * What is told of a model; `raster` are its rasteriser's settings, `size` how many numbers it
 * learns.
 *
 * @typedef {object} Description
 * @property {string[]} classes
 * @property {Layer[]} layers
 * @property {Parameters} parameters
 * @property {Parameters} statistics what it measured while it learnt; no step changes them
 * @property {Record<string, any>} record
 * @property {{ side: number, pen: number, padding: number }} raster
 * @property {number} size
 * @property {boolean} hasFeatures
 * @property {number} steps taken since it was loaded or last taught a class
 * @property {string[]} taught the classes that it was taught since it was loaded
 */

/**
 * What a model sees in a drawing: the bitmap, the output of every layer (null if only the answer
 * was asked for) and the answer.
 *
 * @typedef {object} Seen
 * @property {Uint8Array} bitmap
 * @property {Float32Array[] | null} outputs
 * @property {Float32Array} probabilities
 * @property {string} by what computed them: "WebAssembly" or "JavaScript"
 * @property {number} familiarity how much the drawing is like those that the model knows, 0 to 1
 * @property {boolean} isRejected whether it is none of the classes
 * @property {number} milliseconds
 */

/** @typedef {{ loss: number, probabilities: Float32Array }} Answer */
/** @typedef {{ before: Answer, after: Answer, parameters: Parameters }} Step */

/**
 * A number of the gradient, and what a nudge of its weight by `epsilon`, up and down, does to the
 * loss: `numeric` is (lossUp − lossDown) / 2ε.
 *
 * @typedef {object} Check
 * @property {number} analytic
 * @property {number} numeric
 * @property {number} lossUp
 * @property {number} lossDown
 * @property {number} epsilon
 */

/**
 * How teaching went: the share of the drawings that are taken for what they are by what was learnt
 * from the others, each fifth of them being held out once.
 *
 * @typedef {{ accuracy: number }} Taught
 */

/**
 * What was done to a model since it was loaded, as files: null where nothing was.
 *
 * @typedef {object} Snapshot
 * @property {Uint8Array | null} taught with the classes that it was taught
 * @property {Uint8Array | null} stepped with the steps taken since
 * @property {number} steps how many
 */

/**
 * What of the drawing made the network give a class its logit: see `attribute`.
 *
 * @typedef {{ gradient: Float32Array, cam: Float64Array | null, camLayer: string | null }}
 *   Attributed
 */

/**
 * By how much the log-odds of a class fall without parts `first`, `first` + 1, … of the drawing,
 * and how many parts there are.
 *
 * @typedef {{ falls: number[], first: number, count: number }} Ablated
 */

const SLICE = 12; // milliseconds after which other calls have their turn

/** A model that is looked at and taught, and the drawing that it was shown last. */
export class Learner {
  /** @type {Model | null} */
  #loaded = null; // the model as it was read
  /** @type {Model | null} */
  #start = null; // as it was read or last taught a class: where steps began
  /** @type {Model | null} */
  #model = null; // as it is now
  #steps = 0; // since #start
  /** @type {Drawing} */
  #drawing = [];
  /** @type {Uint8Array | null} */
  #bitmap = null; // of the drawing at hand
  /** @type {{ kind: string, logits: Float32Array, left: (() => Float32Array | null)[] } | null} */
  #trials = null; // what is left of the drawing at hand when a part is taken away
  /** @type {Pass | null} */
  #pass = null; // of it through the model, if it is known

  /**
   * Read a model, in place of the one there was.
   *
   * @param {Uint8Array} bytes
   * @param {string} [where] how an error calls the file
   * @returns {Description}
   * @throws {ModelError}
   */
  load(bytes, where) {
    this.#loaded = this.#start = Model.fromBytes(bytes, where);
    this.#bitmap = null;
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
    const { loaded, start, model } = this.#models();
    return {
      taught: start === loaded ? null : start.toBytes(),
      stepped: model === start ? null : model.toBytes(),
      steps: this.#steps,
    };
  }

  /**
   * Make the model what it was when `snapshot` was called.
   *
   * @param {Snapshot} snapshot of this very model
   * @returns {Description} what `load` returned, of the model as it then is
   * @throws {ModelError} if it is of a model that sees drawings otherwise; then nothing changes
   */
  restore({ taught, stepped, steps }) {
    const { loaded } = this.#models();
    const start = taught === null ? loaded : Model.fromBytes(taught, "what was taught");
    const model = stepped === null ? start : Model.fromBytes(stepped, "what was learnt");
    for (const { raster, network } of [start, model]) {
      const isSame =
        String(network.inputShape) === String(loaded.network.inputShape) &&
        JSON.stringify(raster.toDict()) === JSON.stringify(loaded.raster.toDict());
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
   * The probabilities are the predictor's, with the same bits whether or not the outputs are asked
   * for.
   *
   * @param {Drawing} drawing
   * @param {boolean} [withOutputs] whether the output of every layer is asked for, which takes much
   *   longer
   * @returns {Seen}
   * @throws {DrawingError}
   */
  see(drawing, withOutputs = true) {
    const start = performance.now();
    const answer = this.#now().recognise(drawing);
    this.#drawing = drawing;
    this.#bitmap = answer.bitmap;
    this.#pass = this.#trials = null;
    const outputs = withOutputs ? this.#seen().outputs : null;
    return { ...answer, outputs, milliseconds: performance.now() - start };
  }

  /**
   * Return what the right answer for the drawing at hand would teach.
   *
   * @param {number} label the right class's index
   * @returns {Lesson}
   */
  learn(label) {
    return backward(this.#now().network, this.#seen(), label);
  }

  /**
   * Return the gradient of a class's logit by the drawing at hand, and Grad-CAM.
   *
   * @param {number} label the class's index
   * @returns {Attributed}
   */
  attribute(label) {
    return attribute(this.#now().network, this.#seen(), label);
  }

  /**
   * Take parts of the drawing at hand away, one at a time, for some milliseconds.
   *
   * @param {string} kind "strokes" or "occlusion"
   * @param {number} label the class's index
   * @param {number} [first] the part to begin with: where the call before ended
   * @returns {Ablated | null} null if it is another drawing or model than when the first was taken
   */
  ablate(kind, label, first = 0) {
    const model = this.#now();
    if (first === 0) this.#trials = this.#tried(kind);
    if (this.#trials?.kind !== kind) return null;
    const { logits, left } = this.#trials;
    const whole = logOdds(logits, label);
    const falls = [];
    const end = performance.now() + SLICE;
    for (let i = first; i < left.length && (i === first || performance.now() < end); i++) {
      const x = left[i]();
      falls.push(x === null ? 0 : whole - logOdds(model.answer(x), label));
    }
    return { falls, first, count: left.length };
  }

  /** @param {string} kind */
  #tried(kind) {
    const model = this.#now();
    const { network, raster } = model;
    const x = asInput(this.#atHand());
    const framed = intoFrame(this.#drawing);
    const left =
      kind === "strokes"
        ? partsOf(framed).map((part) => () => asInput(bitmapWithout(part, framed, raster)))
        : patches(network.inputShape).map((patch) => () => occlude(x, network.inputShape, patch));
    return { kind, logits: model.answer(x), left };
  }

  /**
   * Learn: take one step of gradient descent on the drawing at hand.
   *
   * @param {number} label the right class's index
   * @param {number} rate
   * @returns {Step}
   * @throws {ShapeError} if the step leads out of all numbers; then nothing has changed
   */
  step(label, rate) {
    const { loss, probabilities, gradients } = this.learn(label);
    const model = this.#now();
    const parameters = step(model.parameters, gradients, rate);
    if (!Object.values(parameters).every((values) => values.every(Number.isFinite))) {
      throw new ShapeError(
        `a step at rate ${rate} makes weights that are not finite; take a smaller rate`,
      );
    }
    const stepped = new Model({ ...model, parameters });
    this.#become(stepped);
    this.#steps++;
    const { outputs } = this.#seen();
    return {
      before: { loss, probabilities },
      after: {
        loss: lossOf(model.network, stepped.numbers, outputs[0], label),
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
   * @returns {Check}
   * @throws {ShapeError} if there is no such weight, or the nudge is none
   */
  check(label, name, index, epsilon) {
    const { network, parameters, numbers } = this.#now();
    const isThere = Number.isInteger(index) && index >= 0 && index < parameters[name]?.length;
    if (!Object.hasOwn(parameters, name) || !isThere) {
      throw new ShapeError(`there is no weight ${index} of ${name}; see the model's parameters`);
    }
    if (!(Number.isFinite(epsilon) && epsilon > 0)) {
      throw new ShapeError(`epsilon is ${epsilon}; give a small number above 0, such as 0.001`);
    }
    const analytic = this.learn(label).gradients[name][index];
    const [x] = this.#seen().outputs;
    const lossAt = (/** @type {number} */ nudge) => {
      const nudged = Float64Array.from(parameters[name]); // else w + ε itself would be rounded
      nudged[index] += nudge;
      return lossOf(network, { ...numbers, [name]: nudged }, x, label);
    };
    const [lossUp, lossDown] = [lossAt(epsilon), lossAt(-epsilon)];
    return { analytic, numeric: (lossUp - lossDown) / (2 * epsilon), lossUp, lossDown, epsilon };
  }

  /**
   * Teach the model a class, new or known, from drawings of it; steps taken before are kept.
   *
   * @param {string} name of the class
   * @param {Drawing[]} drawings
   * @returns {Description & Taught} what `load` returns, of the model as it then is, and more
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
    const rows = drawings.map((drawing) =>
      variants(drawing).map((variant) => model.featuresOf(variant)),
    );
    const { head, found } = known < 0 ? addClass(layer, rows) : refineClass(layer, rows, label);

    const config = model.network.toConfig();
    const classes = known < 0 ? [...model.classes, name] : model.classes;
    config.layers[last].outputs = classes.length;
    const record = {
      ...model.record,
      taught: [...taughtIn(model), { class: name, drawings: drawings.length }],
    };
    const taught = new Model({
      network: Network.fromConfig(config),
      parameters: { ...model.parameters, [weight]: head.weight, [bias]: head.bias },
      statistics: model.statistics,
      classes,
      raster: model.raster,
      record,
      features: head.features,
      // The threshold was found without these drawings.
      confidence: model.confidence?.accepting(logitsBy(head, rows.flat())) ?? null,
    });
    this.#start = taught;
    this.#steps = 0;
    this.#become(taught);
    return { ...this.#description(), accuracy: found / drawings.length };
  }

  /**
   * Undo all steps since the model was loaded or last taught a class.
   *
   * @returns {{ parameters: Parameters }}
   */
  reset() {
    const { start } = this.#models();
    this.#steps = 0;
    this.#become(start);
    return { parameters: start.parameters };
  }

  /** Undo everything since the model was loaded; return what `load` returned. */
  forget() {
    const { loaded } = this.#models();
    this.#start = loaded;
    this.#steps = 0;
    this.#become(loaded);
    return this.#description();
  }

  /** Return the model as it is now as a file that `inkgrad.load` reads: a Uint8Array. */
  save() {
    return this.#now().toBytes();
  }

  /**
   * Take a model. What it makes of the drawing at hand is not known yet.
   *
   * @param {Model} model
   */
  #become(model) {
    this.#model = model;
    this.#pass = this.#trials = null;
  }

  #models() {
    const [loaded, start, model] = [this.#loaded, this.#start, this.#model];
    if (loaded === null || start === null || model === null) {
      throw new ModelError("there is no model yet; load one first");
    }
    return { loaded, start, model };
  }

  #now() {
    return this.#models().model;
  }

  /** Return the pass of the drawing at hand through the model, computed when first needed. */
  #seen() {
    const { network, numbers } = this.#now();
    this.#pass ??= forward(network, numbers, asInput(this.#atHand()));
    return this.#pass;
  }

  /** Return the bitmap of the drawing at hand. */
  #atHand() {
    if (this.#bitmap !== null) return this.#bitmap;
    throw new DrawingError("there is no drawing yet; draw something first");
  }

  /** @returns {Description} */
  #description() {
    const { loaded, model } = this.#models();
    const { network, parameters, statistics, classes, raster, record, features } = model;
    const known = taughtIn(loaded).length;
    return {
      steps: this.#steps,
      taught: taughtIn(model)
        .slice(known)
        .map((one) => one.class),
      classes,
      layers: network.layers.map(({ layer, ...plain }) => plain),
      parameters,
      statistics,
      record,
      raster: raster.toDict(),
      size: network.size,
      hasFeatures: features !== null,
    };
  }
}

/**
 * Return what a model's record says that it was taught; files may hold anything there.
 *
 * @param {Model} model
 * @returns {any[]}
 */
function taughtIn({ record }) {
  return Array.isArray(record.taught) ? record.taught : [];
}
