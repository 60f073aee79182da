/** What `tests/web/test_pointers.py` plays: pointers as events tell of them, without a browser. */
import { Pointers } from "../static/page/pointers.js";

/** Play [what, pointer, x, y, time?] and return the strokes: lists of points. */
export function play(script) {
  const strokes = [];
  let stroke = null;
  const paper = {
    begin: (point) => (stroke = [point]),
    extend: (points) => stroke.push(...points),
    finish: () => {
      strokes.push(stroke);
      stroke = null;
    },
    takeBack: () => (stroke = null),
    travelled: () => {
      const far = ([x, y], i) => Math.hypot(x - stroke[i][0], y - stroke[i][1]);
      return stroke.slice(1).reduce((sum, point, i) => sum + far(point, i), 0);
    },
  };
  const pointers = new Pointers(paper);
  let time = 10_000;
  const fingers = new Set();
  for (const [what, pointer, x, y, later = 8] of script) {
    time += later;
    const pointerType = pointer.replace(/\d+$/, "");
    if (what === "down" && pointerType === "touch") fingers.add(pointer);
    const told = {
      pointerId: Number(pointer.replace(/^\D+/, "")),
      pointerType,
      isPrimary: fingers.size <= 1,
      button: what === "down" ? 0 : -1,
      buttons: ["down", "move"].includes(what) ? 1 : 0,
      timeStamp: time,
    };
    if (what === "down") pointers.down(told, [x, y]);
    else if (what === "move") pointers.move(told, [[x, y]], [time]);
    else if (what === "hover") pointers.move({ ...told, buttons: 0 }, [[x, y]], [time]);
    else if (what === "up") pointers.up(told, [x, y]);
    else if (what === "cancel") pointers.cancel(told);
    if (["up", "cancel", "gone"].includes(what)) fingers.delete(pointer);
  }
  return stroke === null ? strokes : [...strokes, stroke];
}
