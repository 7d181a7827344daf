/** Noticing that too much is put into one object. */

/** Storage past which an object says that it has too much in it, in bytes: a tenth of the 10 GB that the platform allows. */
export const LARGE_STORAGE_BYTES = 1024 ** 3;

const MIB = 1024 ** 2;

/** What an object says that stores a lot. */
export function largeStorageText(bytes: number, name: string): string {
  return `perdure: the object ${name} stores ${Math.round(bytes / MIB)} MiB. Use one object for each thing that has a name, not one for all of them, and let old events go.`;
}

/** Says once that an object stores a lot: one object is one thread, and has one database that only it may write. */
export class SizeWarning {
  #isSaid = false;

  /**
   * @param bytes What the object stores.
   * @param limit What is a lot.
   * @param text What to say of it, to whoever reads the log.
   */
  check(bytes: number, limit: number, text: () => string): void {
    if (this.#isSaid || bytes < limit) return;
    this.#isSaid = true;
    console.warn(text());
  }
}
