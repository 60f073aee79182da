/** What tests need of the engine: a whole run at once, and what JSON cannot say. */

import { backward, forward, lossOf, step } from "../static/network/engine.js";
import { Network } from "../static/network/network.js";

/** Rebuild a network and tell everything about it. */
export function described(config) {
  const network = Network.fromConfig(config);
  return {
    config: network.toConfig(),
    layers: network.layers.map(({ layer, ...plain }) => plain),
    parameters: Object.entries(network.parameters), // as a list, to see the order
    statistics: Object.entries(network.statistics),
    size: network.size,
    outputShape: network.outputShape,
  };
}

/** Carry a network out, forward, backward and one step on. */
export function run(config, parameters, statistics, x, label, rate) {
  const network = Network.fromConfig(config);
  const numbers = { ...parameters, ...statistics };
  const before = structuredClone({ ...numbers, x });
  const pass = forward(network, numbers, x);
  const taught = backward(network, pass, label);
  const stepped = step(parameters, taught.gradients, rate);
  const exact = lossOf(network, numbers, x, label);
  const isCareful = Object.entries({ ...numbers, x }).every(([name, values]) =>
    values.every((value, i) => Object.is(value, before[name][i])),
  );
  return { outputs: pass.outputs, ...taught, stepped, exact, isCareful };
}

/** Return the error for a description that is nested deeply where `place` says. */
export function refusalOfDeep(place) {
  let deep = [];
  for (let depth = 0; depth < 100_000; depth++) deep = [deep];
  const conv = { type: "Conv2D", filters: 1, size: 3 };
  const config = { input_shape: [1, 9, 9], layers: [conv] };
  if (place === "branches") {
    let inner = { type: "ReLU" };
    for (let depth = 0; depth < 100_000; depth++) inner = { type: "Parallel", branches: [[inner]] };
    config.layers = [inner];
  } else if (place === "layers" || place === "input_shape") config[place] = deep;
  else conv[place] = deep;
  try {
    Network.fromConfig(config);
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
  return "accepted";
}
