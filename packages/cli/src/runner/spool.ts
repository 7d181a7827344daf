import type { RunnerEvent } from "perdure/protocol";
import type { RelaySpool } from "./relay-ports.ts";
import type { AppendFile, RunnerDisk } from "./runner-disk.ts";
import type { RunnerStateFile } from "./runner-state.ts";
import type { SpoolHeader } from "./spool-records.ts";
import {
  begunCommandOf,
  eventJsonOf,
  headerLine,
  parseHeader,
  recordLine,
} from "./spool-records.ts";

/** Content is synced to disk at the latest this long after it was written, in milliseconds. */
export const SYNC_AFTER_MS = 50;

/** The file is rewritten without its acknowledged records when these take this many bytes and more than half of it. */
export const COMPACT_AT_BYTES = 4 * 1024 * 1024;

const FILE = "spool.jsonl";
const DAMAGED_FILE = "spool.damaged";

/** How to open a spool. */
export interface SpoolOptions {
  readonly disk: RunnerDisk;
  readonly state: RunnerStateFile;
  /** Makes the random id of a new spool. */
  readonly newId: () => string;
  /** Default `COMPACT_AT_BYTES`. */
  readonly compactAtBytes?: number;
  /** Told what was found damaged at opening. */
  readonly onDamage?: (detail: string) => void;
  /** A sync has failed; nothing that was written since the last one is safe from a crash of the machine. */
  readonly onSyncError?: (error: Error) => void;
}

/**
 * The file of events that the session has not acknowledged: `spool.jsonl`, append-only, one record a line.
 *
 * An event is written (`write`) before `append` returns, so a crash of the process loses nothing. It is synced (`fdatasync`)
 * within 50 ms, control events at once, without waiting: only a crash of the whole machine can lose an event that was sent,
 * and only one that the session had not made durable either. Nothing waits for the sync, because what has to be safe before
 * the agent acts is made safe by the session's acknowledgement. When the session has more than the file, `renew` starts
 * over under a new id.
 *
 * A record that is torn or fails its checksum ends the file: it is cut off there. Where more than one record is cut, the
 * bytes are kept beside it in `spool.damaged`.
 */
export class Spool implements RelaySpool {
  readonly #options: SpoolOptions;
  readonly #begun: Set<number>;
  #file: AppendFile;
  #header: SpoolHeader;
  /** Where each record begins in the file, by its number less the header's; and the end of the file. */
  #offsets: number[];
  #end: number;
  #first: number;
  #syncTimer: NodeJS.Timeout | undefined;
  #isSyncing = false;
  #isSyncWanted = false;
  #isClosed = false;

  /** @throws Error when the folder cannot be read or written. */
  constructor(options: SpoolOptions) {
    this.#options = options;
    const { acknowledged, begun } = options.state.current;
    this.#begun = new Set(begun);
    const found = this.#scan();
    this.#header = found.header;
    this.#offsets = found.offsets;
    this.#end = found.end;
    this.#file = options.disk.open(FILE);
    this.#file.truncate(this.#end);
    this.#first = this.#header.first;
    if (acknowledged?.spool === this.id) this.#drop(acknowledged.r);
    if (this.#first === this.next && this.#offsets.length > 0) this.#compact();
  }

  get id(): string {
    return this.#header.spool;
  }

  get first(): number {
    return this.#first;
  }

  get next(): number {
    return this.#header.first + this.#offsets.length;
  }

  get bytes(): number {
    return this.#end - this.#offsetOf(this.#first);
  }

  append(event: RunnerEvent): number {
    const json = JSON.stringify(event);
    const r = this.next;
    const line = Buffer.from(recordLine(r, json));
    this.#write(line);
    this.#offsets.push(this.#end);
    this.#end += line.length;
    if (event.type === "command.begun") this.#begun.add(event.command);
    if ("at" in event) this.#sync();
    else this.#syncTimer ??= setTimeout(() => this.#sync(), SYNC_AFTER_MS);
    return r;
  }

  read(from: number, most: { readonly events: number; readonly bytes: number }): readonly string[] {
    const start = this.#offsetOf(from);
    let count = 0;
    let end = start;
    while (count < most.events && end - start < most.bytes && from + count < this.next) {
      count += 1;
      end = this.#offsetOf(from + count);
    }
    return this.#lines(start, end).map((line, index) => {
      const json = eventJsonOf(line, from + index);
      if (json !== undefined) return json;
      throw new Error(
        `Record ${from + index} of ${this.#path} was changed while a runner used it.`,
      );
    });
  }

  acknowledge(r: number): void {
    this.#drop(r);
    const dropped = this.#offsetOf(this.#first) - this.#offsetOf(this.#header.first);
    const { compactAtBytes = COMPACT_AT_BYTES } = this.#options;
    if (dropped > Math.max(compactAtBytes, this.bytes)) this.#compact();
  }

  hasBegun(command: number): boolean {
    return this.#begun.has(command);
  }

  renew(): void {
    for (let from = this.first; from < this.next;) {
      const page = this.read(from, { events: 1_000, bytes: 1024 * 1024 });
      for (const json of page) {
        const command = begunCommandOf(json);
        if (command !== undefined) this.#begun.delete(command);
      }
      from += page.length;
    }
    this.#replaceWith({ spool: this.#options.newId(), first: 1 }, new Uint8Array(0));
  }

  /**
   * Syncs, writes down what is known, and closes the file. Nothing may be appended afterwards. Never throws: a full disk must not
   * hide why the runner ends, and the records say all that the state does.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#syncTimer);
    try {
      this.#file.syncNow();
      this.#saveState();
    } catch (error) {
      this.#options.onSyncError?.(error instanceof Error ? error : new Error(String(error)));
    }
    this.#file.close();
  }

  get #path(): string {
    return this.#options.disk.pathOf(FILE);
  }

  #scan(): { header: SpoolHeader; offsets: number[]; end: number } {
    const { disk, newId } = this.#options;
    const bytes = Buffer.from(disk.read(FILE) ?? []);
    const headerEnd = bytes.indexOf("\n") + 1;
    const header = parseHeader(bytes.toString("utf8", 0, Math.max(headerEnd - 1, 0)));
    if (header === undefined) {
      if (bytes.length > 0) this.#keepDamaged(bytes, 0, "its header is not whole");
      const fresh = { spool: newId(), first: 1 };
      const line = Buffer.from(headerLine(fresh));
      disk.replace(FILE, line);
      return { header: fresh, offsets: [], end: line.length };
    }
    const offsets: number[] = [];
    let start = headerEnd;
    while (start < bytes.length) {
      const newline = bytes.indexOf("\n", start);
      const json =
        newline === -1
          ? undefined
          : eventJsonOf(bytes.toString("utf8", start, newline), header.first + offsets.length);
      if (json === undefined) {
        const isLast = newline === -1 || newline === bytes.length - 1;
        const why = `record ${header.first + offsets.length} is not whole`;
        if (!isLast) this.#keepDamaged(bytes, start, why);
        break;
      }
      const command = begunCommandOf(json);
      if (command !== undefined) this.#begun.add(command);
      offsets.push(start);
      start = newline + 1;
    }
    return { header, offsets, end: start };
  }

  #keepDamaged(bytes: Buffer, start: number, why: string): void {
    const { disk, onDamage } = this.#options;
    disk.keepDamaged(DAMAGED_FILE, bytes.subarray(start));
    const kept = disk.pathOf(DAMAGED_FILE);
    onDamage?.(
      `${this.#path} is damaged (${why}): it was cut there, and what followed is kept in ${kept}.`,
    );
  }

  /** A record that was written in part is cut off again, so that the file stays whole if the process goes on. */
  #write(line: Buffer): void {
    if (this.#isClosed) throw new Error("The spool is closed.");
    try {
      this.#file.append(line);
    } catch (error) {
      this.#file.truncate(this.#end);
      throw new Error(
        `An event could not be kept in ${this.#path}: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  }

  #offsetOf(r: number): number {
    return this.#offsets[r - this.#header.first] ?? this.#end;
  }

  #lines(start: number, end: number): string[] {
    const bytes = Buffer.from(this.#file.read(start, end));
    return bytes.length === 0 ? [] : bytes.toString("utf8", 0, bytes.length - 1).split("\n");
  }

  #drop(r: number): void {
    this.#first = Math.max(this.#first, Math.min(r + 1, this.next));
  }

  #compact(): void {
    const rest = this.#file.read(this.#offsetOf(this.#first), this.#end);
    this.#replaceWith({ spool: this.id, first: this.#first }, rest);
  }

  /** The state goes first: what it says stays true whichever of the two files a crash leaves. */
  #replaceWith(header: SpoolHeader, records: Uint8Array): void {
    const { disk } = this.#options;
    this.#saveState();
    const line = Buffer.from(headerLine(header));
    disk.replace(FILE, Buffer.concat([line, records]));
    const kept = records.length > 0 ? this.#offsets.slice(this.#first - this.#header.first) : [];
    const shift = line.length - (kept[0] ?? 0);
    this.#file.close();
    this.#file = disk.open(FILE);
    this.#header = header;
    this.#first = header.first;
    this.#offsets = kept.map((offset) => offset + shift);
    this.#end = line.length + records.length;
  }

  #saveState(): void {
    this.#options.state.update({
      acknowledged: { spool: this.id, r: this.#first - 1 },
      begun: [...this.#begun].toSorted((a, b) => a - b),
    });
  }

  /** One sync at a time; what is written during one is covered by the next. */
  #sync(): void {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    if (this.#isSyncing) {
      this.#isSyncWanted = true;
      return;
    }
    this.#isSyncing = true;
    const file = this.#file;
    file.sync((error) => {
      this.#isSyncing = false;
      if (this.#isClosed) return;
      // A file that has been replaced meanwhile was replaced by one that is safe.
      if (error !== undefined && file === this.#file) this.#options.onSyncError?.(error);
      if (this.#isSyncWanted) {
        this.#isSyncWanted = false;
        this.#sync();
      }
    });
  }
}
