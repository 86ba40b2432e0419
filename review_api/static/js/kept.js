// Where a tablet keeps what it has not sent yet: IndexedDB, which survives the tab, the browser and the battery; or,
// where a browser refuses that (a private window), this page's memory, which survives nothing.

const NAME = "jidoka";
const STORE = "outbox";

class Durable {
  durable = true;
  #database;

  constructor(database) {
    this.#database = database;
    database.addEventListener("versionchange", () => database.close());
  }

  /** Every entry, oldest first. */
  async all() {
    const entries = await this.#within("readonly", (store) => store.getAll());
    return entries.sort((one, other) => one.at - other.at);
  }

  /** Keeps the entry; it is on the disk when this resolves. */
  put(entry) {
    return this.#within("readwrite", (store) => store.put(entry));
  }

  remove(id) {
    return this.#within("readwrite", (store) => store.delete(id));
  }

  /** Puts what `change` makes of the entry in its place, in one step among all tabs; null when it made nothing. */
  change(id, change) {
    return new Promise((resolve, reject) => {
      let made = null;
      const transaction = this.#transaction("readwrite", reject);
      transaction.addEventListener("complete", () => resolve(made));
      const store = transaction.objectStore(STORE);
      const read = store.get(id);
      read.addEventListener("success", () => {
        made = (read.result && change(read.result)) ?? null;
        if (made) store.put(made);
      });
    });
  }

  #within(mode, ask) {
    return new Promise((resolve, reject) => {
      const transaction = this.#transaction(mode, reject);
      const request = ask(transaction.objectStore(STORE));
      transaction.addEventListener("complete", () => resolve(request.result));
    });
  }

  #transaction(mode, reject) {
    const transaction = this.#database.transaction(STORE, mode, { durability: "strict" });
    transaction.addEventListener("abort", () => reject(transaction.error));
    return transaction;
  }
}

export class Fleeting {
  durable = false;
  #below;
  #entries = new Map();

  /** `below` is a store that takes nothing more, and may still hold something. */
  constructor(below) {
    this.#below = below;
  }

  async all() {
    return [...((await this.#below?.all()) ?? []), ...this.#entries.values()];
  }

  async put(entry) {
    this.#entries.set(entry.id, entry);
  }

  async remove(id) {
    if (!this.#entries.delete(id)) await this.#below?.remove(id);
  }

  async change(id, change) {
    if (this.#below && !this.#entries.has(id)) return this.#below.change(id, change);
    const known = this.#entries.get(id);
    const made = (known && change(known)) ?? null;
    if (made) this.#entries.set(id, made);
    return made;
  }
}

function database() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.addEventListener("upgradeneeded", () => request.result.createObjectStore(STORE, { keyPath: "id" }));
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
}

/** The best place that this browser gives. */
export async function place() {
  try {
    return new Durable(await database());
  } catch {
    return new Fleeting();
  }
}
