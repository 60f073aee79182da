/** What tests need of layouts, which are functions that JSON cannot carry. */

import { layoutOf } from "../static/page/layouts.js";

/** Return every number's place, what is at each of these places, and the sizes of the layout. */
export function places(shape) {
  const layout = layoutOf(shape);
  const all = Array.from({ length: layout.length }, (_, cell) => layout.place(cell));
  return [
    all,
    all.map((place) => layout.cell(...place)),
    [layout.maps, layout.rows, layout.columns],
  ];
}
