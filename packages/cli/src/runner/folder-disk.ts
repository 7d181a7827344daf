import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
} from "node:fs";
import { readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "perdure/protocol";
import { writeFileAtomically, writeWhole } from "./atomic-file.ts";
import type { AppendFile, RunnerDisk } from "./runner-disk.ts";

/** A runner's files in a real folder, readable by the current user alone. The folder exists. */
export class FolderDisk implements RunnerDisk {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  read(name: string): Uint8Array | undefined {
    try {
      return readFileSync(this.pathOf(name));
    } catch (error) {
      if (isObject(error) && error["code"] === "ENOENT") return undefined;
      throw error;
    }
  }

  replace(name: string, contents: Uint8Array): void {
    writeFileAtomically(this.pathOf(name), contents);
  }

  keepDamaged(name: string, contents: Uint8Array): void {
    writeFileSync(this.pathOf(name), contents, { mode: 0o600 });
  }

  open(name: string): AppendFile {
    return new FolderFile(this.pathOf(name));
  }

  pathOf(name: string): string {
    return join(this.#folder, name);
  }
}

class FolderFile implements AppendFile {
  readonly #path: string;
  readonly #file: number;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, "a+", 0o600);
  }

  append(bytes: Uint8Array): void {
    writeWhole(this.#file, bytes);
  }

  read(start: number, end: number): Uint8Array {
    const bytes = new Uint8Array(end - start);
    let read = 0;
    while (read < bytes.length) {
      const count = readSync(this.#file, bytes, read, bytes.length - read, start + read);
      if (count === 0) throw new Error(`${this.#path} was cut while a runner used it.`);
      read += count;
    }
    return bytes;
  }

  truncate(size: number): void {
    ftruncateSync(this.#file, size);
  }

  sync(callback: (error: Error | undefined) => void): void {
    fdatasync(this.#file, (error) => callback(error ?? undefined));
  }

  syncNow(): void {
    fdatasyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}
