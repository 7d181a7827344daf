/** What a runner keeps, as files by name: small enough for a simulation to lose, tear and delay what was written. */

/** The folder of one runner. Every call but `AppendFile.sync` has happened when it returns. */
export interface RunnerDisk {
  /** All bytes of a file, or undefined where there is none. @throws Error when it is there and cannot be read. */
  read(name: string): Uint8Array | undefined;
  /**
   * Replaces a file whole, or makes it. A crash at any moment, of the machine too, leaves either the old contents or the
   * new ones, and the new ones once this has returned.
   *
   * @throws Error when it cannot be written; the old contents are still there.
   */
  replace(name: string, contents: Uint8Array): void;
  /** Writes a copy of damaged bytes for people to look at. Nothing relies on it. */
  keepDamaged(name: string, contents: Uint8Array): void;
  /** Opens a file that is there, to read it and to write at its end. The handle stays with this file when it is replaced. */
  open(name: string): AppendFile;
  /** What messages to people call a file. */
  pathOf(name: string): string;
}

/** An open file that grows at its end. */
export interface AppendFile {
  /**
   * Writes at the end. A crash of the process does not lose what was written when this returns; one of the machine may lose
   * any part of it until a sync that began afterwards has ended.
   *
   * @throws Error when it cannot be written whole; a part of it may be in the file then.
   */
  append(bytes: Uint8Array): void;
  /** The bytes from `start` up to `end`. @throws Error when the file ends before. */
  read(start: number, end: number): Uint8Array;
  /** Cuts the file to this many bytes. */
  truncate(size: number): void;
  /** Makes all safe that was written before this call. Calls back later, with an error where it could not. */
  sync(callback: (error: Error | undefined) => void): void;
  /** As `sync`, and returns when it is done. @throws Error when it cannot be done. */
  syncNow(): void;
  /** Nothing may be called afterwards. A sync that is under way may call back with an error. */
  close(): void;
}
