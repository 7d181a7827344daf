import { isObject } from "perdure/protocol";
import type { RunnerDisk } from "./runner-disk.ts";

/** What a runner remembers from one process to the next, beside its spool. */
export interface RunnerState {
  /** The agent's own id of its session. */
  readonly agentSession?: string | undefined;
  /** The last event that the session had when this was written, and the spool it belongs to. */
  readonly acknowledged?: { readonly spool: string; readonly r: number } | undefined;
  /** Numbers of commands whose `command.begun` is no longer in the spool: the newest, in rising order. */
  readonly begun: readonly number[];
}

/** How many begun commands are remembered after the session has them: far more than it ever has under way. */
const MAX_REMEMBERED_COMMANDS = 1_000;

const FILE = "state.json";

/** `state.json` in the runner's folder: small, and replaced whole. */
export class RunnerStateFile {
  readonly #disk: RunnerDisk;
  #state: RunnerState;

  /** @throws Error when the file is there and cannot be read. */
  constructor(disk: RunnerDisk) {
    this.#disk = disk;
    this.#state = parseState(disk.read(FILE));
  }

  get current(): RunnerState {
    return this.#state;
  }

  /** Changes some of it; the change is on disk when this returns. */
  update(change: Partial<RunnerState>): void {
    const state = { ...this.#state, ...change };
    this.#state = { ...state, begun: state.begun.slice(-MAX_REMEMBERED_COMMANDS) };
    this.#disk.replace(FILE, Buffer.from(`${JSON.stringify(this.#state)}\n`));
  }
}

/** A file that makes no sense is as good as none: the spool and the session's log hold what matters. */
function parseState(bytes: Uint8Array | undefined): RunnerState {
  const value = bytes === undefined ? undefined : jsonOf(Buffer.from(bytes).toString());
  if (!isObject(value)) return { begun: [] };
  const { agentSession, acknowledged, begun } = value;
  return {
    ...(typeof agentSession === "string" ? { agentSession } : {}),
    ...(isObject(acknowledged) &&
    typeof acknowledged["spool"] === "string" &&
    typeof acknowledged["r"] === "number"
      ? { acknowledged: { spool: acknowledged["spool"], r: acknowledged["r"] } }
      : {}),
    begun: Array.isArray(begun)
      ? begun.filter((number): number is number => typeof number === "number")
      : [],
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
