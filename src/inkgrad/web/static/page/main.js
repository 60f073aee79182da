/**
 * The page as `inkgrad serve` serves it: models come from the server, the worker from its file.
 *
 * The page that `inkgrad export --html` writes has all of this in it instead, and an entry of its
 * own; both begin with `start`.
 *
 * @module
 */
import { start } from "./app.js";
import { TEXTS } from "./texts.js";

async function ask(address) {
  try {
    return await fetch(address);
  } catch {
    throw new Error(TEXTS.files.noServer);
  }
}

async function fetchBytes(address) {
  const response = await ask(address);
  if (!response.ok) throw new Error(TEXTS.files.noModel(address, response.status));
  return new Uint8Array(await response.arrayBuffer());
}

async function listModels() {
  const response = await ask("api/models");
  if (!response.ok) throw new Error(TEXTS.files.noModels(response.status));
  const { models } = await response.json();
  return models.map(({ name, address, classes }) => ({
    name,
    classes,
    bytes: () => fetchBytes(address.replace(/^\//, "")),
  }));
}

start({
  makeWorker: () => new Worker(new URL("./worker.js", import.meta.url), { type: "module" }),
  models: listModels(),
});
