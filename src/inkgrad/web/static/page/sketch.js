/**
 * Strokes drawn for people to look at. (What the network looks at, `raster.js` draws.)
 *
 * @module
 */
import { boundingBox, checkStrokes } from "../drawing/strokes.js";
import { contextOf } from "./elements.js";

/**
 * Draw lines on a canvas, without erasing what is there.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {import("../drawing/strokes.js").Drawing} drawing
 * @param {{ scale: number, left: number, top: number, width: number }} frame points are drawn at
 *   left + scale · x, top + scale · y, by a pen of `width`
 */
export function drawStrokes(context, drawing, { scale, left, top, width }) {
  context.lineWidth = width;
  context.lineCap = context.lineJoin = "round";
  for (const [xs, ys] of Array.from(drawing, (stroke) => [stroke[0], stroke[1]])) {
    context.beginPath();
    context.moveTo(left + scale * xs[0], top + scale * ys[0]);
    for (let i = 1; i < xs.length; i++) context.lineTo(left + scale * xs[i], top + scale * ys[i]);
    if (xs.length === 1) context.lineTo(left + scale * xs[0], top + scale * ys[0]); // a dot
    context.stroke();
  }
}

/**
 * Draw a drawing of any size and place in the middle of a canvas, as large as it goes.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {import("../drawing/strokes.js").Drawing} drawing
 */
export function drawSketch(canvas, drawing) {
  const side = 160;
  canvas.width = side;
  canvas.height = side;
  const [[left, top], [right, bottom]] = boundingBox(checkStrokes(drawing));
  const extent = Math.max(right - left, bottom - top) || 1;
  const scale = (0.84 * side) / extent;
  const context = contextOf(canvas);
  context.strokeStyle = getComputedStyle(canvas).getPropertyValue("--ink");
  drawStrokes(context, drawing, {
    scale,
    left: side / 2 - (scale * (left + right)) / 2,
    top: side / 2 - (scale * (top + bottom)) / 2,
    width: 5,
  });
}
