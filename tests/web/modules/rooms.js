/** What `tests/web/test_rooms.py` asks of the modules as they are imported. */
import { LAYERS } from "../static/layers/index.js";

export async function exportsOf(modules) {
  const found = {};
  for (const module of modules) found[module] = Object.keys(await import(`../${module}`));
  return found;
}

export function layers() {
  const facts = ({ needed, optional, formulas, says }) => ({
    needed,
    settings: [...needed, ...optional],
    formulas: Object.keys(formulas),
    says: Object.keys(says),
  });
  return Object.fromEntries(Object.entries(LAYERS).map(([name, layer]) => [name, facts(layer)]));
}

/**
 * Return what a layer says of one of its outputs.
 *
 * @param {string} type
 * @param {any} explained
 */
export function saidOfOutput(type, explained) {
  return LAYERS[type].says.y(explained);
}
