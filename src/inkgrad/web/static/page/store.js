/**
 * What a tab keeps on this device: values by name, in the browser's database (IndexedDB).
 *
 * Every tab has a desk of its own, so that two tabs never write over each other. A tab that is
 * reloaded finds its desk again; a new one takes the desk that was left last, by a tab that was
 * closed or crashed, or else an empty one. That a desk is taken, the others see by a lock that ends
 * with its tab.
 *
 * @module
 */

const DATABASE = "inkgrad";
const DESKS = 4; // that nobody sits at, and are kept; older ones are cleared
const KEY = "inkgrad-desk";

/** A desk: values by name. */
export class Store {
  /** @type {IDBDatabase} */
  #database;
  /** @type {string} */
  #desk;

  /**
   * @param {IDBDatabase} database
   * @param {string} desk
   */
  constructor(database, desk) {
    this.#database = database;
    this.#desk = desk;
  }

  /**
   * Take a desk.
   *
   * @param {string} site pages of different places have desks of their own
   * @returns {Promise<Store>}
   * @throws {Error} if the browser keeps nothing for this page
   */
  static async open(site) {
    const database = await openDatabase();
    const recent = (await deskTimes(database)).filter(({ desk }) => desk.startsWith(`${site} `));
    const own = recallDesk();
    const wished = recent.map(({ desk }) => desk);
    if (own?.startsWith(`${site} `)) wished.unshift(own);
    for (const desk of [...wished, `${site} ${newName()}`]) {
      if (await take(desk)) {
        rememberDesk(desk);
        await clearOldDesks(
          database,
          recent.map((left) => left.desk).filter((d) => d !== desk),
        );
        return new Store(database, desk);
      }
    }
    throw new Error("no desk is free"); // a new name always is
  }

  /**
   * Return everything that is kept.
   *
   * @returns {Promise<Record<string, any>>}
   */
  async read() {
    const found = {};
    const values = this.#database.transaction("values").objectStore("values");
    const range = IDBKeyRange.bound([this.#desk, ""], [this.#desk, "\uffff"]);
    const [keys, all] = await Promise.all([
      done(values.getAllKeys(range)),
      done(values.getAll(range)),
    ]);
    keys.forEach(([, name], i) => {
      found[name] = all[i];
    });
    return found;
  }

  /**
   * Keep values; all of them, or none if that fails.
   *
   * @param {Record<string, unknown>} changed undefined removes one
   * @throws {Error} if there is no room, or the browser forbids it
   */
  async write(changed) {
    const transaction = this.#database.transaction(["values", "desks"], "readwrite");
    const values = transaction.objectStore("values");
    for (const [name, value] of Object.entries(changed)) {
      if (value === undefined) values.delete([this.#desk, name]);
      else values.put(value, [this.#desk, name]);
    }
    transaction.objectStore("desks").put(Date.now(), this.#desk);
    await finished(transaction);
  }

  /** Remove everything that is kept at this desk. */
  async clear() {
    await clearDesks(this.#database, [this.#desk]);
  }
}

function openDatabase() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("values"); // [desk, name] → value
    request.result.createObjectStore("desks"); // desk → when it was written at last
  };
  return done(request);
}

/** Return all desks that were ever written at, the latest first. */
async function deskTimes(database) {
  const desks = database.transaction("desks").objectStore("desks");
  const [names, times] = await Promise.all([done(desks.getAllKeys()), done(desks.getAll())]);
  const all = names.map((desk, i) => ({ desk, time: times[i] }));
  return all.sort((a, b) => b.time - a.time);
}

/** Take a desk for as long as this tab lives; false if another tab has it. */
function take(desk) {
  if (navigator.locks === undefined) return Promise.resolve(true);
  return new Promise((tell) => {
    const hold = (lock) => {
      tell(lock !== null);
      return lock && new Promise(() => {}); // never given back
    };
    navigator.locks.request(`${KEY} ${desk}`, { ifAvailable: true }, hold).catch(() => tell(true));
  });
}

/** Clear all desks but the latest ones, unless somebody sits there. */
async function clearOldDesks(database, desks) {
  const held = (await navigator.locks?.query())?.held ?? [];
  const taken = new Set(held.map(({ name }) => name));
  const left = desks.filter((desk) => !taken.has(`${KEY} ${desk}`));
  if (left.length > DESKS) await clearDesks(database, left.slice(DESKS));
}

async function clearDesks(database, desks) {
  const transaction = database.transaction(["values", "desks"], "readwrite");
  for (const desk of desks) {
    const range = IDBKeyRange.bound([desk, ""], [desk, "\uffff"]);
    transaction.objectStore("values").delete(range);
    transaction.objectStore("desks").delete(desk);
  }
  await finished(transaction);
}

const newName = () => Array.from(crypto.getRandomValues(new Uint32Array(2))).join("-");

// What belongs to this tab and outlives a reload; a copy of the tab copies it too, hence the locks.

function recallDesk() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function rememberDesk(desk) {
  try {
    sessionStorage.setItem(KEY, desk);
  } catch {
    // the latest free desk is this tab's anyway
  }
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another tab holds an older database"));
  });
}

function finished(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(undefined);
    transaction.onabort = () => reject(transaction.error ?? new Error("the store is full"));
    transaction.onerror = () => reject(transaction.error);
  });
}
