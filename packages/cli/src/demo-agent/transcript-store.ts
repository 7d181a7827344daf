import { randomUUID } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";

/** One line of a transcript file. */
export type TranscriptRecord =
  /** The first line: which session this is. */
  | { readonly record: "session"; readonly sessionId: string; readonly cwd: string }
  /** A `session/update` as it was sent, or the prompt as a `user_message_chunk`. */
  | { readonly record: "update"; readonly update: Readonly<Record<string, unknown>> }
  /** From here on edits need no question: someone chose "always allow". */
  | { readonly record: "edits-allowed" };

/** What `session/list` tells about a session. */
export interface SessionSummary {
  readonly sessionId: string;
  readonly cwd: string;
  /** ISO 8601. */
  readonly updatedAt: string;
}

const FILE_NAME = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.jsonl$/;

/** The sessions of one state folder, one JSON Lines file each, named by the session's id. */
export class TranscriptStore {
  readonly #folder: string;

  /** @param folder Made, readable by its owner alone, when the first session is created. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts an empty transcript under a new id. */
  create(cwd: string): Transcript {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const sessionId = randomUUID();
    const transcript = new Transcript(this.#path(sessionId), sessionId, []);
    transcript.append({ record: "session", sessionId, cwd });
    return transcript;
  }

  /** Opens a transcript for reading and appending; `undefined` when there is none under this id. */
  open(sessionId: string): Transcript | undefined {
    if (!FILE_NAME.test(`${sessionId}.jsonl`)) return undefined;
    const path = this.#path(sessionId);
    const records = readRecords(path);
    if (records[0]?.record !== "session") return undefined;
    cutUnfinishedLine(path);
    return new Transcript(path, sessionId, records);
  }

  /** Every session of the folder, the last used first. */
  list(): SessionSummary[] {
    const summaries: SessionSummary[] = [];
    for (const name of fileNames(this.#folder)) {
      const sessionId = FILE_NAME.exec(name)?.[1];
      if (sessionId === undefined) continue;
      const first = readRecords(this.#path(sessionId))[0];
      if (first?.record !== "session") continue;
      const updatedAt = statSync(this.#path(sessionId)).mtime.toISOString();
      summaries.push({ sessionId, cwd: first.cwd, updatedAt });
    }
    return summaries.toSorted((left, right) => right.updatedAt.localeCompare(left.updatedAt));
  }

  #path(sessionId: string): string {
    return join(this.#folder, `${sessionId}.jsonl`);
  }
}

/** One session's transcript, open for appending. */
export class Transcript {
  readonly sessionId: string;
  /** What the file held when it was opened. */
  readonly records: readonly TranscriptRecord[];
  readonly #file: number;

  constructor(path: string, sessionId: string, records: readonly TranscriptRecord[]) {
    this.sessionId = sessionId;
    this.records = records;
    this.#file = openSync(path, "a", 0o600);
  }

  /** Hands the record to the operating system before it returns: a killed process loses nothing, a power cut may. */
  append(record: TranscriptRecord): void {
    appendFileSync(this.#file, `${JSON.stringify(record)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Reads the whole lines of a file; none when it does not exist. */
function readRecords(path: string): TranscriptRecord[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  const wholeLines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  return wholeLines.flatMap((line) => parseRecord(line) ?? []);
}

/** A kill can leave a last line without its end; what is appended next must not become a part of it. */
function cutUnfinishedLine(path: string): void {
  const bytes = readFileSync(path);
  const wholeLength = bytes.lastIndexOf(0x0a) + 1;
  if (wholeLength < bytes.length) truncateSync(path, wholeLength);
}

function parseRecord(line: string): TranscriptRecord | undefined {
  if (line === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  if (value["record"] === "edits-allowed") return { record: "edits-allowed" };
  const { sessionId, cwd, update } = value;
  if (value["record"] === "session" && typeof sessionId === "string" && typeof cwd === "string") {
    return { record: "session", sessionId, cwd };
  }
  return value["record"] === "update" && isObject(update)
    ? { record: "update", update }
    : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fileNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
