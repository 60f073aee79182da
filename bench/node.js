/**
 * Call a function of a module with each of many drawings, as often as told.
 *
 * `node node.js MODULE FUNCTION` reads the drawings, a line of JSON, says "ready", and then answers
 * each line that it reads: "run" with "done" when the function has been called with all drawings,
 * "results" with what they came to, as JSON. Bitmaps are one array of bytes, whole and in order.
 */

import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [path, name] = process.argv.slice(2);
const called = (await import(pathToFileURL(path)))[name];
let drawings;
let results;

for await (const line of createInterface({ input: process.stdin })) {
  if (drawings === undefined) {
    drawings = JSON.parse(line);
    console.log("ready");
  } else if (line === "run") {
    results = drawings.map((drawing) => called(drawing));
    if (results[0] instanceof Uint8Array) results = joined(results);
    console.log("done");
  } else {
    console.log(JSON.stringify(results, (_, value) => plain(value)));
  }
}

function joined(bitmaps) {
  const all = new Uint8Array(bitmaps.length * bitmaps[0].length);
  for (const [index, bitmap] of bitmaps.entries()) all.set(bitmap, index * bitmap.length);
  return all;
}

function plain(value) {
  return ArrayBuffer.isView(value) ? Array.from(value) : value;
}
