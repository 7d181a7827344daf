/** One handle of a stateless server: its state, its tasks, its input. */

import type { Clock, Sql, Timers } from "../object/index.ts";
import { firstRow } from "../object/index.ts";
import { MAX_MCP_STATE_BYTES, PerdureError, problemOf } from "../protocol/index.ts";
import { HandleInputs } from "./handle-inputs.ts";
import type { HandleAnswer, HandleCall, HandleCalls, HandleReply } from "./handle-rpc.ts";
import { HandleTasks } from "./handle-tasks.ts";

/** The timer that erases a handle that nobody has changed for its time. */
export const HANDLE_TIMER = "perdure:mcp-handle";

/** Longest wait in one call, in milliseconds: whoever waits longer calls again, so that no call is long under way. */
const MAX_WAIT_MS = 20_000;

/** Changes of a state whose ids are kept: a call is repeated at once, so that hardly another comes between. */
const RECENT_SETS = 16;

/** What a handle needs of its object. */
export interface HandleHost {
  /** With the tables of `HANDLE_MIGRATIONS`. */
  readonly sql: Sql;
  readonly clock: Clock;
  readonly timers: Pick<Timers, "set">;
  /** Forgets everything that is stored. */
  readonly erase: () => Promise<void>;
}

/** A row of `mcp_handle`. */
type HandleRow = {
  readonly subject: string | null;
  readonly ttl_ms: number;
  readonly version: number;
  readonly updated_at: number;
  readonly state: string;
  /** The last changes of the state as JSON. */
  readonly recent: string;
};

/** The id of a change of the state, and the version that it made. */
type RecentSet = readonly [id: string, version: number];

/** The store behind one handle. Nothing is written for one that is not there. */
export class HandleStore {
  readonly #host: HandleHost;
  readonly #sql: Sql;
  readonly #inputs: HandleInputs;
  readonly #tasks: HandleTasks;

  constructor(host: HandleHost) {
    this.#host = host;
    this.#sql = host.sql;
    this.#inputs = new HandleInputs(host.sql, host.clock);
    this.#tasks = new HandleTasks(host.sql, host.clock, this.#inputs);
  }

  /** Does what is asked, for a subject; what it throws is the answer, too. Every call may be repeated. */
  async use(subject: string | null, call: HandleCall): Promise<HandleReply> {
    try {
      const isWaiting = call.do === "wait";
      const answer = isWaiting ? undefined : this.#sql.transaction(() => this.#run(subject, call));
      if (call.do === "delete") await this.#erase();
      return { ok: true, value: isWaiting ? await this.#wait(subject, call) : (answer ?? null) };
    } catch (error) {
      return { ok: false, error: problemOf(error) };
    }
  }

  /** `HANDLE_TIMER` rings: erases the handle, or has it ring again when its time is over. */
  async ring(): Promise<void> {
    const row = this.#row();
    if (row === undefined) return;
    const at = this.#expiresAt(row);
    if (at <= this.#host.clock.now()) await this.#erase();
    else this.#host.timers.set(HANDLE_TIMER, at);
  }

  #run(subject: string | null, call: Exclude<HandleCall, { do: "wait" }>): HandleAnswer {
    checkSizes(call);
    if (call.do === "create") return this.#create(subject, call.state, call.ttlMs);
    const row = this.#found(subject);
    switch (call.do) {
      case "get":
        return { state: row.state, version: row.version };
      case "set":
        return this.#set(row, call);
      case "delete":
        return null;
      case "createTask":
        return this.#tasks.create(call, row.ttl_ms);
      case "getTask":
        return this.#tasks.get(call.id);
      case "listTasks":
        return this.#tasks.list();
      case "updateTask":
        return this.#tasks.update(call.id, call.change);
      case "ask":
        if (call.task !== "") this.#tasks.checkOpen(call.task);
        this.#inputs.ask(call, call.request);
        return null;
      case "answer":
        if (call.task !== "") this.#tasks.checkOpen(call.task);
        this.#inputs.answer(call, call.result);
        return null;
      case "pending":
        return call.task === ""
          ? this.#inputs.pending("")
          : this.#tasks.get(call.task).inputRequests;
      case "answers":
        return this.#inputs.answers(call.task);
    }
  }

  #wait(
    subject: string | null,
    { task, key, forMs }: Extract<HandleCall, { do: "wait" }>,
  ): Promise<string | null> {
    this.#found(subject);
    if (task !== "") this.#tasks.get(task);
    return this.#inputs.wait({ task, key }, Math.min(forMs, MAX_WAIT_MS));
  }

  #create(subject: string | null, state: string, ttlMs: number): null {
    if (this.#row() !== undefined) return null;
    const now = this.#host.clock.now();
    this.#sql.run(
      `INSERT INTO mcp_handle (id, subject, ttl_ms, version, updated_at, state, recent)
       VALUES (1, ?, ?, 1, ?, ?, '[]')`,
      subject,
      ttlMs,
      now,
      state,
    );
    this.#host.timers.set(HANDLE_TIMER, now + ttlMs);
    return null;
  }

  /** A state that is there already is no change. */
  #set(row: HandleRow, { id, state, ifVersion }: HandleCalls["set"]["args"]): number | null {
    const recent = JSON.parse(row.recent) as readonly RecentSet[];
    const before = recent.find(([one]) => one === id);
    if (before !== undefined) return before[1];
    if (ifVersion !== null && ifVersion !== row.version) return null;
    if (row.state === state) return row.version;
    const version = row.version + 1;
    this.#sql.run(
      "UPDATE mcp_handle SET state = ?, version = ?, updated_at = ?, recent = ? WHERE id = 1",
      state,
      version,
      this.#host.clock.now(),
      JSON.stringify([...recent, [id, version]].slice(-RECENT_SETS)),
    );
    return version;
  }

  async #erase(): Promise<void> {
    this.#inputs.end();
    await this.#host.erase();
  }

  #found(subject: string | null): HandleRow {
    const row = this.#row();
    const isThere =
      row !== undefined &&
      (row.subject === null || row.subject === subject) &&
      this.#expiresAt(row) > this.#host.clock.now();
    if (!isThere) throw unknownHandle();
    return row;
  }

  #row(): HandleRow | undefined {
    return firstRow(this.#sql.run<HandleRow>("SELECT * FROM mcp_handle"));
  }

  /** A handle's time begins anew with each change; a task is there for as long as it was promised. */
  #expiresAt({ updated_at, ttl_ms }: HandleRow): number {
    return Math.max(
      Math.max(updated_at, this.#inputs.updatedAt) + ttl_ms,
      this.#tasks.keptUntil(ttl_ms),
    );
  }
}

/** The error of a handle that is unknown, expired, forged or another's: nobody learns which. */
export function unknownHandle(): PerdureError {
  return new PerdureError("not_found", "There is no such handle: it is unknown or has expired.");
}

/** Throws `too_large` where a value is larger than may be stored. */
function checkSizes(call: HandleCall): void {
  const change = call.do === "updateTask" ? call.change : undefined;
  const values = [
    call.do === "create" || call.do === "set" ? call.state : undefined,
    call.do === "ask" ? call.request : undefined,
    call.do === "answer" ? call.result : undefined,
    call.do === "createTask" ? call.statusMessage : change?.statusMessage,
    change?.result,
    change?.error,
  ];
  const bytes = Math.max(...values.map((value) => new TextEncoder().encode(value ?? "").length));
  if (bytes > MAX_MCP_STATE_BYTES)
    throw new PerdureError(
      "too_large",
      `A value under a handle has at most ${MAX_MCP_STATE_BYTES} bytes as JSON, not ${bytes}: store it elsewhere, and where it is here.`,
    );
}
