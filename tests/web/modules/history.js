/** What `tests/web/test_history.py` plays: deeds by name, done to something or to nothing. */
import { History } from "../static/page/history.js";

/** Play ["do", name, of], ["undo", of], ["redo"] and ["forget", of]; return what was undone, redone. */
export function play(script) {
  const history = new History();
  const told = [];
  for (const [what, first, of] of script) {
    if (what === "do") {
      const deed = { undo: () => told.push(`-${first}`), redo: () => told.push(`+${first}`) };
      history.add({ ...deed, of: of ?? undefined });
    } else history[what](first ?? undefined);
  }
  return [told, history.canUndo, history.canRedo];
}
