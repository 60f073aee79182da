/** What tests need of folding: the folded network, and what both make of an input. */

import { forward } from "../static/network/engine.js";
import { fold } from "../static/network/fold.js";
import { Network } from "../static/network/network.js";

/** Fold a network; return it with its numbers, and the outputs before and after. */
export function folded(config, numbers, x) {
  const network = Network.fromConfig(config);
  const found = fold(network, numbers);
  return {
    config: found.network.toConfig(),
    numbers: found.numbers,
    before: forward(network, numbers, x).outputs.at(-1),
    after: forward(found.network, found.numbers, x).outputs.at(-1),
    isSame: found.network === network && found.numbers === numbers,
  };
}
