/** What tests need of the rasteriser and cannot call by a plain name, or cannot say in JSON. */

import { Raster, rasterize } from "../static/drawing/raster.js";

/** Read settings as from a model file and write them again. */
export const rewritten = (settings) => Raster.fromDict(settings).toDict();

/** Return the scale that goes with some settings. */
export const scaleOf = (settings) => new Raster(settings).scale;

/** Draw without settings, or with some left open. */
export const usual = (drawing) => rasterize(drawing);
export const open = (drawing) => rasterize(drawing, { side: undefined, padding: undefined });

/** Tell whether a drawing's bitmap is a new one each time, and the drawing stays as it was. */
export function isCareful(drawing) {
  const before = JSON.stringify(drawing);
  const first = rasterize(drawing);
  const copy = Uint8Array.from(first);
  const second = rasterize(drawing, { side: 28 });
  rasterize([
    [
      [7, 90],
      [3, 200],
    ],
  ]);
  const isSame = first.every((value, i) => value === copy[i] && value === second[i]);
  return isSame && first.buffer !== second.buffer && JSON.stringify(drawing) === before;
}
