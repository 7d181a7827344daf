class MemoryStorage {
  [key: string]: unknown;
  setItem(key: string, value: string) {
    this[key] = value;
  }
  removeItem(key: string) {
    delete this[key];
  }
}

/** A `localStorage` of its own, as an outbox uses one: the entries are properties, and everything is a string. */
export function memoryStorage(): Storage {
  return new MemoryStorage() as unknown as Storage;
}
