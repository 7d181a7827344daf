/** The disk of one runner: what is not synced may be lost with the machine, and the last record may be torn. */

import type { AppendFile, RunnerDisk } from "../../packages/cli/src/runner/runner-disk.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Spools } from "./spools.ts";

class File {
  bytes = Buffer.alloc(0);
  /** How many bytes are safe from a crash of the machine. */
  synced = 0;
}

/** Files that outlive the processes that use them. */
export class SimulatedDisk implements RunnerDisk {
  readonly #runtime: Runtime;
  readonly #name: string;
  readonly #spools: Spools;
  readonly #files = new Map<string, File>();
  /** Nothing can be written while this holds. */
  isFull = false;
  /** Whether anything could not be written. */
  hasRefused = false;

  constructor(runtime: Runtime, name: string, spools: Spools) {
    this.#runtime = runtime;
    this.#spools = spools;
    this.#name = name;
  }

  read(name: string): Uint8Array | undefined {
    const file = this.#files.get(name);
    return file && Buffer.from(file.bytes);
  }

  replace(name: string, contents: Uint8Array): void {
    this.#checkRoom();
    const file = new File();
    file.bytes = Buffer.from(contents);
    file.synced = file.bytes.length;
    this.#files.set(name, file);
    this.#spools.replaced(this.#name, name, contents);
  }

  keepDamaged(): void {}

  pathOf(name: string): string {
    return `${this.#name}/${name}`;
  }

  open(name: string): AppendFile {
    const runtime = this.#runtime;
    const file = this.#files.get(name);
    if (file === undefined) throw new Error(`${this.pathOf(name)} is not there.`);
    const checkRoom = () => this.#checkRoom();
    const kept = (bytes: Uint8Array) => this.#spools.kept(this.#name, name, bytes);
    const appended = (bytes: Uint8Array) => this.#spools.appended(this.#name, name, bytes);
    return {
      append(bytes) {
        try {
          checkRoom();
        } catch (error) {
          // Some of it may fit.
          file.bytes = Buffer.concat([file.bytes, bytes.subarray(0, runtime.below(bytes.length))]);
          throw error;
        }
        file.bytes = Buffer.concat([file.bytes, bytes]);
        appended(bytes);
      },
      read: (start, end) => Buffer.from(file.bytes.subarray(start, end)),
      truncate(size) {
        file.bytes = file.bytes.subarray(0, size);
        kept(file.bytes);
        file.synced = Math.min(file.synced, size);
      },
      sync(callback) {
        const size = file.bytes.length;
        runtime.after(runtime.between(0.5, 30), () => {
          file.synced = Math.max(file.synced, Math.min(size, file.bytes.length));
          callback(undefined);
        });
      },
      syncNow() {
        file.synced = file.bytes.length;
      },
      close() {},
    };
  }

  /** The machine loses power: of what was not synced, any part may be gone or be garbage. Answers whether some is. */
  losePower(): boolean {
    let hasLost = false;
    for (const file of this.#files.values()) {
      const unsynced = file.bytes.length - file.synced;
      if (unsynced === 0) continue;
      const kept = file.synced + this.#runtime.below(unsynced + 1);
      hasLost ||= kept < file.bytes.length;
      file.bytes = Buffer.from(file.bytes.subarray(0, kept));
      if (kept > file.synced && this.#runtime.chance(0.3)) {
        const damaged = file.synced + this.#runtime.below(kept - file.synced);
        file.bytes[damaged] = (file.bytes[damaged] ?? 0) ^ 1;
        hasLost = true;
      }
      file.synced = kept;
    }
    return hasLost;
  }

  #checkRoom(): void {
    if (!this.isFull) return;
    this.hasRefused = true;
    throw new Error("ENOSPC: no space left on device");
  }
}
