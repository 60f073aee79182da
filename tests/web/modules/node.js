/** Read a request from standard input and write its answer. */

import { readFileSync, writeFileSync } from "node:fs";

import { answer } from "./answer.js";

writeFileSync(1, await answer(readFileSync(0, "utf8")));
