/** What tests need of sessions, in this runtime and behind a worker. */

import { Client } from "../static/page/client.js";
import { Learner } from "../static/network/learner.js";

/** Call methods of one session in turn: [method, ...arguments] each; errors are results too. */
export async function inTurn(calls) {
  return answers(new Learner(), calls);
}

/** The same through a client and a worker. */
export async function throughWorker(calls) {
  const worker = new Worker("/static/page/worker.js", { type: "module" });
  const results = await answers(new Client(worker), calls);
  worker.terminate();
  return results;
}

async function answers(session, calls) {
  const results = [];
  for (const [method, ...given] of calls) {
    try {
      results.push(await session[method](...given));
    } catch (error) {
      results.push(`${error.name}: ${error.message}`);
    }
  }
  return results;
}

/** Show a model the same drawing many times, behind a worker; return the milliseconds of each. */
export async function times(bytes, drawing, count) {
  const worker = new Worker("/static/page/worker.js", { type: "module" });
  const client = new Client(worker);
  await client.load(bytes);
  const there = [];
  const back = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    there.push((await client.see(drawing, false)).milliseconds);
    back.push(performance.now() - start);
  }
  worker.terminate();
  return { there, back };
}

/** What a client is given instead of a worker: it answers when it is told to. */
class FakeWorker extends EventTarget {
  posted = [];

  postMessage(message) {
    this.posted.push(structuredClone(message));
  }

  answer() {
    const { id, method, arguments: given } = this.posted.shift();
    const event = new Event("message");
    event.data = { id, result: [method, ...given.slice(0, 1)] };
    this.dispatchEvent(event);
  }

  fail(message) {
    this.dispatchEvent(Object.assign(new Event("error"), { message }));
  }
}

/**
 * Play a script: "see 3" and other calls, "answer" for the oldest message, "fail". Return what was
 * posted when, and what each call came to (null for a drawing that was passed over).
 */
export async function play(script) {
  const worker = new FakeWorker();
  const client = new Client(worker);
  const results = [];
  const posted = [];
  for (const line of script) {
    const [word, ...given] = line.split(" ");
    if (word === "answer") worker.answer();
    else if (word === "fail") worker.fail(given[0]);
    else {
      const at = results.push("unanswered") - 1;
      client[word](...given).then(
        (value) => (results[at] = value?.join(" ") ?? null),
        (error) => (results[at] = `${error.name}: ${error.message}`),
      );
    }
    for (let tick = 0; tick < 5; tick++) await null; // promises settle in turn
    posted.push(worker.posted.map(({ method, arguments: [first] }) => `${method} ${first ?? ""}`));
  }
  return { results, posted };
}

/** Send what cannot be copied, and then something that can. */
export async function afterAnUncopyable() {
  const worker = new FakeWorker();
  const client = new Client(worker);
  const error = await client.see(() => 0).catch((thrown) => thrown);
  const next = client.see(7);
  worker.answer();
  return [error.name, await next];
}

/** Start a worker whose module is not there. */
export async function missingWorker() {
  const client = new Client(new Worker("/static/nowhere.js", { type: "module" }));
  const first = await client.see(7).catch((error) => error.message);
  const later = await client.reset().catch((error) => error.message);
  return [first, later];
}
