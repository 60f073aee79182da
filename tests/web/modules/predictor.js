/** What tests need of the fast engine: its answers beside those of the plain layers. */

import { forward } from "../static/network/engine.js";
import { Network } from "../static/network/network.js";
import { Predictor } from "../static/network/predictor.js";
import { makeKernels } from "../static/network/wasm/kernels.js";

/** Compute a network in all ways: by its layers, by kernels, and by a predictor without them. */
export function answers(config, numbers, xs) {
  const network = Network.fromConfig(config);
  const before = structuredClone(numbers);
  const [fast, plain] = [new Predictor(network, numbers), new Predictor(network, numbers, null)];
  return {
    isFast: [fast.isFast, plain.isFast],
    isCareful: Object.keys(before).every((name) => String(before[name]) === String(numbers[name])),
    expected: xs.map((x) => forward(network, numbers, x).outputs.at(-1)),
    fast: xs.map((x) => fast.answer(x)),
    plain: xs.map((x) => plain.answer(x)),
    features: [fast, plain].map((each) => xs.map((x) => each.featuresOf(x))),
  };
}

/** Let networks answer in turn, again and again; return for each whether its answers are the same. */
export function inTurn(cases) {
  const all = cases.map(([config, numbers, x]) => {
    return { predictor: new Predictor(Network.fromConfig(config), numbers), x, answers: [] };
  });
  for (let turn = 0; turn < 3; turn++) {
    for (const { predictor, x, answers: given } of all) given.push(String(predictor.answer(x)));
  }
  return all.map(({ answers: given }) => new Set(given).size === 1);
}

/** Tell of what makes kernels, and whether it could, where WebAssembly is not what it should be. */
export function withoutKernels() {
  const refuse = () => {
    throw new WebAssembly.CompileError("forbidden by the page's policy");
  };
  const kinds = {
    none: null,
    old: { ...WebAssembly, validate: () => false },
    forbidden: { ...WebAssembly, validate: () => true, Module: refuse },
    "not validated": { validate: refuse },
    whole: WebAssembly,
  };
  return Object.fromEntries(
    Object.entries(kinds).map(([name, wasm]) => [name, makeKernels(wasm) !== null]),
  );
}

/** Answer with kernels whose memory cannot grow. */
export function withoutRoom(config, numbers, x) {
  const memory = { buffer: new ArrayBuffer(65536), grow: refuseToGrow };
  const network = Network.fromConfig(config);
  const predictor = new Predictor(network, numbers, { ...makeKernels(), memory });
  const before = predictor.isFast;
  const answer = predictor.answer(x);
  return {
    before,
    after: predictor.isFast,
    answer,
    expected: new Predictor(network, numbers, null).answer(x),
  };
}

function refuseToGrow() {
  throw new RangeError("no memory");
}

/** Tell whether a network is computed by kernels. */
export function isFast(config, numbers) {
  return new Predictor(Network.fromConfig(config), numbers).isFast;
}

/** Time answers of networks; return the milliseconds of the quickest, with kernels and without. */
export async function times(configs) {
  const found = {};
  for (const [name, config] of Object.entries(configs)) {
    const network = Network.fromConfig(config);
    const shapes = Object.entries({ ...network.parameters, ...network.statistics });
    const numbers = Object.fromEntries(shapes.map(([key, shape]) => [key, some(shape)]));
    const x = some(network.inputShape);
    const [fast, plain] = [new Predictor(network, numbers), new Predictor(network, numbers, null)];
    found[name] = {
      fast: quickest(() => fast.answer(x), 20),
      plain: quickest(() => plain.answer(x), 4),
    };
    await new Promise((done) => setTimeout(done));
  }
  return found;
}

function some(shape) {
  const length = shape.reduce((product, side) => product * side, 1);
  return Float32Array.from({ length }, (_, i) => ((7919 * i) % 101) / 1000);
}

function quickest(work, count) {
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 8; turn++) {
    const start = performance.now();
    for (let i = 0; i < count; i++) work(); // clocks of pages are coarse
    least = Math.min(least, (performance.now() - start) / count);
  }
  return least;
}
