/** What tests need of attribution and parts: whole explanations at once. */

import {
  attribute,
  camPlace,
  logOdds,
  occlude,
  occlusionMap,
  patches,
} from "../static/network/attribution.js";
import { forward } from "../static/network/engine.js";
import { Learner } from "../static/network/learner.js";
import { Network } from "../static/network/network.js";
import { bitmapWithout, partsOf } from "../static/network/parts.js";
import { Predictor } from "../static/network/predictor.js";
import { Raster } from "../static/drawing/raster.js";
import { intoFrame } from "../static/drawing/simplify.js";

/** Explain an input by layers and by the predictor; tell whether anything given was changed. */
export function explain(config, numbers, x, k) {
  const network = Network.fromConfig(config);
  const before = x.slice();
  const found = attribute(network, forward(network, numbers, x), k);
  const predictor = new Predictor(network, numbers);
  const whole = logOdds(predictor.answer(x), k);
  const lost = patches(network.inputShape).map((patch) => {
    const left = occlude(x, network.inputShape, patch);
    return left === null ? 0 : whole - logOdds(predictor.answer(left), k);
  });
  return {
    ...found,
    place: camPlace(network),
    logOdds: whole,
    occlusion: occlusionMap(network.inputShape, lost),
    isCareful: x.every((value, i) => value === before[i]),
  };
}

/** Divide a drawing, and draw it without each part. */
export function divide(drawing, settings) {
  const framed = intoFrame(drawing);
  const raster = new Raster(settings);
  return partsOf(framed).map((part) => ({
    ...part,
    without: bitmapWithout(part, framed, raster),
  }));
}

/** Ask a learner for everything, slice by slice, as the page does. */
export function throughLearner(bytes, drawing, k) {
  const learner = new Learner();
  learner.load(bytes);
  const early = [() => learner.attribute(k), () => learner.ablate("strokes", k)].map(refusal);
  learner.see(drawing, false);
  const found = { early, ...learner.attribute(k) };
  for (const kind of ["strokes", "occlusion"]) {
    const falls = [];
    let slice;
    do {
      slice = learner.ablate(kind, k, falls.length);
      falls.push(...slice.falls);
    } while (falls.length < slice.count);
    found[kind] = falls;
  }
  // The middle of something that is over is null.
  found.stale = [learner.ablate("strokes", k, 1)];
  learner.ablate("strokes", k);
  learner.see(drawing, false);
  found.stale.push(learner.ablate("strokes", k, 1));
  return found;
}

function refusal(call) {
  try {
    return call();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}
