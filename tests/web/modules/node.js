/**
 * Answer requests, one a line, from standard input to standard output, until there are no more.
 *
 * An answer to what cannot be called is a "!" and the JSON of why.
 */

import { writeSync } from "node:fs";
import { createInterface } from "node:readline";

import { answer } from "./answer.js";

for await (const line of createInterface({ input: process.stdin })) {
  const text = await answer(line).catch((error) => `!${JSON.stringify(error.stack)}`);
  const bytes = Buffer.from(`${text}\n`);
  let written = 0;
  while (written < bytes.length) written += writeSync(1, bytes, written);
}
