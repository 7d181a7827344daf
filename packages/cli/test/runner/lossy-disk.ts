import type { AppendFile, RunnerDisk } from "../../src/runner/runner-disk.ts";

interface StoredFile {
  bytes: Buffer;
  /** How many bytes a crash of the machine leaves for certain. */
  synced: number;
}

/** A disk in memory that loses what was not synced when the machine crashes. */
export class LossyDisk implements RunnerDisk {
  /** Nothing can be written while this is set. */
  isFull = false;
  readonly #files: Map<string, StoredFile>;
  #syncs: (() => void)[] = [];

  constructor(files = new Map<string, StoredFile>()) {
    this.#files = files;
  }

  /** How many syncs were begun and are not done. */
  get syncsUnderWay(): number {
    return this.#syncs.length;
  }

  finishSyncs(): void {
    for (const finish of this.#syncs.splice(0)) finish();
  }

  /**
   * The disk as the machine finds it after a crash.
   *
   * @param kept How many bytes of each file's unsynced end are there all the same.
   */
  afterCrash(kept = 0): LossyDisk {
    const files = [...this.#files].map(([name, { bytes, synced }]): [string, StoredFile] => {
      const left = Buffer.from(bytes.subarray(0, synced + kept));
      return [name, { bytes: left, synced: left.length }];
    });
    return new LossyDisk(new Map(files));
  }

  read(name: string): Uint8Array | undefined {
    return this.#files.get(name)?.bytes;
  }

  replace(name: string, contents: Uint8Array): void {
    this.#needRoom();
    this.#files.set(name, { bytes: Buffer.from(contents), synced: contents.length });
  }

  keepDamaged(name: string, contents: Uint8Array): void {
    this.#files.set(name, { bytes: Buffer.from(contents), synced: 0 });
  }

  pathOf(name: string): string {
    return name;
  }

  open(name: string): AppendFile {
    const file = this.#files.get(name);
    if (file === undefined) throw new Error(`There is no ${name}.`);
    return {
      append: (bytes) => {
        // A full disk takes a part of what it is given.
        const written = this.isFull ? bytes.subarray(0, bytes.length / 2) : bytes;
        file.bytes = Buffer.concat([file.bytes, written]);
        this.#needRoom();
      },
      read: (start, end) => file.bytes.subarray(start, end),
      truncate: (size) => {
        file.bytes = file.bytes.subarray(0, size);
        file.synced = Math.min(file.synced, size);
      },
      sync: (callback) => {
        const size = file.bytes.length;
        this.#syncs.push(() => {
          file.synced = Math.max(file.synced, size);
          callback(undefined);
        });
      },
      syncNow: () => {
        file.synced = file.bytes.length;
      },
      close: () => {},
    };
  }

  #needRoom(): void {
    if (this.isFull) throw new Error("ENOSPC: no space left on device");
  }
}
