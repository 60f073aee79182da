/**
 * Where numbers stand beside strokes: near the stroke, and not over each other.
 *
 * @module
 */

/** @typedef {number[]} Point x, y */

const ALONG = [0.5, 0.3, 0.7, 0.12, 0.88]; // of a stroke, in order of preference
const AWAY = [1.5, 2.4]; // from the stroke, in pixels of the picture

/**
 * Return the middle of each label; they are placed in order, each where it hits no label before it
 * and the fewest points of strokes.
 *
 * @param {Point[][][]} lines of each label, the strokes that it belongs to
 * @param {Point[]} points of all strokes
 * @param {number[]} widths half of them, in pixels
 * @param {number} side of the picture, which they stay within
 * @returns {Point[]}
 */
export function placeLabels(lines, points, widths, side) {
  /** @type {Point[]} */
  const places = [];
  for (const [n, strokes] of lines.entries()) {
    const line = strokes.reduce((a, b) => (b.length > a.length ? b : a));
    const hits = (/** @type {any} */ [x, y]) =>
      points.filter((p) => Math.abs(p[0] - x) < widths[n] && Math.abs(p[1] - y) < 0.8).length +
      1000 *
        places.filter(
          (p, i) => Math.abs(p[0] - x) < widths[n] + widths[i] && Math.abs(p[1] - y) < 1.3,
        ).length;
    const [best] = candidates(line)
      .map(([x, y]) => [within(x, widths[n], side), within(y, 0.8, side)])
      .map((place) => ({ place, cost: hits(place) }))
      .sort((a, b) => a.cost - b.cost);
    places.push(best.place);
  }
  return places;
}

/**
 * @param {number} place
 * @param {number} margin
 * @param {number} side
 */
function within(place, margin, side) {
  return Math.min(Math.max(place, margin), side - margin);
}

/**
 * @param {Point[]} line
 * @returns {Point[]} beside it, the best first
 */
function candidates(line) {
  return AWAY.flatMap((away) =>
    ALONG.flatMap((share) => {
      const at = Math.round(share * (line.length - 1));
      const [from, to] = [line[Math.max(at - 1, 0)], line[Math.min(at + 1, line.length - 1)]];
      const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
      const length = Math.hypot(dx, dy) || 1;
      // In the middle between two points that are far apart.
      const [x, y] = line.length === 2 ? [from[0] + dx * share, from[1] + dy * share] : line[at];
      return [1, -1].map((side) => [
        x + ((side * dy) / length) * away * 1.3,
        y - ((side * dx) / length) * away,
      ]);
    }),
  );
}
