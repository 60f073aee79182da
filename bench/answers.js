/**
 * Time answers of the page's predictor, with WebAssembly and without: in node, or in a page.
 *
 * `node answers.js SITE GIVEN` prints what `measure` returns, as JSON.
 */

/**
 * Return the milliseconds of many answers of each network, by turns.
 *
 * @param {string} site the address of the folder `static`, with a slash at its end
 * @param {object} given
 * @param {Record<string, object>} given.networks their descriptions by name
 * @param {number} given.turns
 */
async function measure(site, { networks, turns }) {
  const TURN = 32; // milliseconds: as long as a slowed process needs for four turns of its own
  const { Network } = await import(`${site}network/network.js`);
  const { Predictor, sharedKernels } = await import(`${site}network/predictor.js`);
  const found = {};
  for (const [name, config] of Object.entries(networks)) {
    const network = Network.fromConfig(config);
    const shapes = { ...network.parameters, ...network.statistics };
    const numbers = Object.fromEntries(
      Object.entries(shapes).map(([key, shape]) => [key, randomNumbers(key, shape)]),
    );
    const x = randomNumbers("input", network.inputShape).map((value) => Math.max(0, value));
    const ways = { JavaScript: new Predictor(network, numbers, null) };
    if (sharedKernels() !== null) ways.WebAssembly = new Predictor(network, numbers);
    const times = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
    const counts = {}; // answers in a turn
    for (const [way, predictor] of Object.entries(ways)) {
      for (let i = 0; i < 20; i++) predictor.answer(x); // until it is compiled
      counts[way] = Math.ceil(TURN / timed(predictor, x, 5));
    }
    for (let turn = 0; turn < turns; turn++) {
      for (const [way, predictor] of Object.entries(ways)) {
        times[way].push(timed(predictor, x, counts[way]));
      }
    }
    found[name] = times;
  }
  return found;

  /** The mean of some answers, since clocks of pages are coarse. */
  function timed(predictor, x, count) {
    const start = performance.now();
    for (let i = 0; i < count; i++) predictor.answer(x);
    return (performance.now() - start) / count;
  }

  /** Numbers of about the size that training gives them; a variance is 1. */
  function randomNumbers(key, shape) {
    const length = shape.reduce((product, side) => product * side, 1);
    const scale = Math.sqrt(6 / (length / shape[0]));
    return Float32Array.from({ length }, () =>
      key.endsWith("variance") ? 1 : scale * (2 * Math.random() - 1),
    );
  }
}

if (globalThis.process !== undefined) {
  const [site, given] = process.argv.slice(2);
  console.log(JSON.stringify(await measure(site, JSON.parse(given))));
}
