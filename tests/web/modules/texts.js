/** What `tests/web/test_texts.py` asks of the page's texts. */
import { TEXTS } from "../static/page/texts.js";

/** Return every text by its place, "play.tab"; null for those with values in them. */
export function places() {
  const found = {};
  const walk = (texts, place) => {
    for (const [key, text] of Object.entries(texts)) {
      if (typeof text === "object") walk(text, [...place, key]);
      else found[[...place, key].join(".")] = typeof text === "string" ? text : null;
    }
  };
  walk(TEXTS, []);
  return found;
}
