/**
 * Where a page begins that `inkgrad export --html` has made: everything is in it, nothing is asked
 * of a server.
 *
 * @module
 */

import { start } from "./app.js";
import { unpackModel } from "./unpack.js";

/**
 * Start the page.
 *
 * @param {string} script runs `worker.js` where it is run
 * @param {HTMLElement[]} elements one a model: `data-name`, `data-classes` (JSON),
 *   `data-weights` (in what its weights are), the packed file
 */
export function open(script, elements) {
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  return start({
    makeWorker: () => new Worker(address),
    models: elements.map(({ dataset, textContent }) => {
      const { name = "", classes = "[]", weights = "float16" } = dataset;
      return {
        name,
        classes: JSON.parse(classes),
        weights,
        bytes: () => unpackModel(textContent ?? "", weights),
      };
    }),
  });
}
