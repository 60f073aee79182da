/** What `tests/web/test_link.py` asks of links: what becomes of a drawing on its way. */
import { toBitmap } from "../static/drawing/raster.js";
import { asSeen, fromLink, toLink } from "../static/page/link.js";

/** Send a drawing, and send on what arrived: both links, what is seen there, three bitmaps. */
export function send(drawing) {
  const link = toLink({ drawing });
  const there = asSeen(fromLink(link).drawing);
  const again = toLink({ drawing: there });
  const bitmaps = [drawing, there, asSeen(fromLink(again).drawing)].map((one) => toBitmap(one));
  return { link, again, there, bitmaps, pad: fromLink(link).drawing };
}

/** Return the name and message of what reading each link throws, or what was read. */
export function read(links) {
  return links.map((link) => {
    try {
      return ["", fromLink(link)];
    } catch (error) {
      return [error.name, error.message];
    }
  });
}
