/** Messages for every session of a registry, on their way. */

import type { Clock, Sql, Timers } from "../object/index.ts";
import { firstRow, inParallel } from "../object/index.ts";
import {
  MAX_MCP_BROADCAST_BYTES,
  MAX_MCP_BROADCASTS,
  MAX_MCP_BROADCASTS_BYTES,
  MCP_BROADCAST_KEPT_MS,
  PerdureError,
} from "../protocol/index.ts";
import type { Registry } from "./registry.ts";

/** The timer that has deliveries tried again; it rings until none is left. */
export const BROADCAST_TIMER = "perdure:mcp-broadcast";

/** When deliveries that an eviction cut off are taken up, in milliseconds. */
const RETRY_MS = 2_000;

/** Sessions of a page: after each, one row says how far a message has come. */
const PAGE_SESSIONS = 200;

/** Sessions that are called at once: with more, the one thread of a registry is no faster. */
const AT_ONCE = 32;

/** How long a session may take for one message, in milliseconds: it has to append it to its log. */
const CALL_LIMIT_MS = 10_000;

/** Calls after which the registry calls itself: the platform allows 1,000 between objects for each event that an object gets. */
const CALLS_PER_EVENT = 250;

/** What became of a message at a session: it has it, now or from before, or there is no such session. */
export type Delivered = "taken" | "gone";

/** What broadcasts need of their object. */
export interface BroadcastHost {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly timers: Pick<Timers, "set" | "cancel" | "dueAt">;
  readonly registry: Pick<Registry, "forget">;
  /**
   * Hands a message to a session, which drops a number that it has had, or one below. Numbers rise; one comes again where it is not
   * known whether it has arrived. What it rejects with is tried again.
   */
  readonly deliver: (session: string, number: number, data: string) => Promise<Delivered>;
  /** Calls the object itself, to no effect. */
  readonly renew: () => Promise<void>;
}

/** A message on its way. */
interface Message {
  readonly number: number;
  readonly data: string;
}

/** A message that has not been tried everywhere. */
interface UntriedMessage extends Message {
  /** The last session that was tried; empty where none was. */
  readonly cursor: string;
}

/**
 * Broadcasts of one registry. Each goes to the sessions that were listed when it came, a page of them after the other, in the
 * order of the broadcasts. A session that cannot be reached holds up nobody: it is marked, and gets what it lacks later, in order,
 * for as long as that is kept.
 */
export class Broadcasts {
  readonly #host: BroadcastHost;
  readonly #sql: Sql;
  #delivering: Promise<void> | undefined;
  #catchingUp: Promise<void> | undefined;
  /** The message that is being tried. */
  #trying: number | undefined;
  #calls = 0;

  constructor(host: BroadcastHost) {
    this.#host = host;
    this.#sql = host.sql;
  }

  /**
   * Stores a message for every session that is listed now. Throws `too_large` where it is larger than `MAX_MCP_BROADCAST_BYTES`, and
   * `rate_limited` where as many are on their way as may be.
   *
   * @returns Whether there is anything to deliver.
   */
  add(data: string): boolean {
    const bytes = new TextEncoder().encode(data).length;
    if (bytes > MAX_MCP_BROADCAST_BYTES)
      throw new PerdureError(
        "too_large",
        `A broadcast has at most ${MAX_MCP_BROADCAST_BYTES} bytes, not ${bytes}: send less, or where to find it.`,
      );
    return this.#sql.transaction(() => {
      if (this.#sql.run("SELECT 1 FROM mcp_sessions LIMIT 1").length === 0) return false;
      this.#makeRoom(bytes);
      const { clock, timers } = this.#host;
      this.#sql.run(
        "INSERT INTO mcp_broadcasts (sent_at, bytes, cursor, data) VALUES (?, ?, '', ?)",
        clock.now(),
        bytes,
        data,
      );
      const retryAt = clock.now() + RETRY_MS;
      if ((timers.dueAt(BROADCAST_TIMER) ?? Infinity) > retryAt)
        timers.set(BROADCAST_TIMER, retryAt);
      return true;
    });
  }

  /** Tries what was not tried yet at every session. Runs once at a time: another call joins the one that runs. */
  deliver(): Promise<void> {
    this.#delivering ??= this.#tryEach();
    return this.#delivering;
  }

  /**
   * `BROADCAST_TIMER` rings: delivers what an eviction cut off, and gives sessions that could not be reached what they lack. Rejects with
   * `unavailable` where something is left, so that it rings again later.
   */
  async retry(): Promise<void> {
    this.#sql.run(
      "DELETE FROM mcp_broadcasts WHERE sent_at <= ?",
      this.#host.clock.now() - MCP_BROADCAST_KEPT_MS,
    );
    this.#catchingUp ??= this.#catchUp();
    await Promise.all([this.deliver(), this.#catchingUp]);
    this.#clean();
    if (this.#firstBehind() !== undefined || this.#firstUntried() !== undefined)
      throw new PerdureError(
        "unavailable",
        "Some sessions were not reached; they are tried again.",
      );
  }

  /** What all have goes, and the timer with the last. */
  #clean(): void {
    const behind = this.#firstBehind();
    this.#sql.transaction(() => {
      this.#sql.run(
        "DELETE FROM mcp_broadcasts WHERE cursor IS NULL AND number < ?",
        behind ?? Number.MAX_SAFE_INTEGER,
      );
      if (behind === undefined && this.#firstUntried() === undefined)
        this.#host.timers.cancel(BROADCAST_TIMER);
    });
  }

  #firstUntried(): UntriedMessage | undefined {
    return firstRow(
      this.#sql.run<{ number: number; data: string; cursor: string }>(
        "SELECT number, data, cursor FROM mcp_broadcasts WHERE cursor IS NOT NULL ORDER BY number LIMIT 1",
      ),
    );
  }

  async #tryEach(): Promise<void> {
    // `finally` comes after its promise is kept, also where there is nothing to do.
    await Promise.resolve();
    try {
      for (let message = this.#firstUntried(); message; message = this.#firstUntried()) {
        this.#trying = message.number;
        await this.#tryAll(message);
      }
      // No await since the last was looked for, so that none is left without a timer.
      this.#clean();
    } finally {
      this.#trying = undefined;
      this.#delivering = undefined;
    }
  }

  /** Tries a message at every session that was listed before it and has all that came before it. */
  async #tryAll({ number, data, cursor }: UntriedMessage): Promise<void> {
    let after: string | undefined = cursor;
    while (after !== undefined) {
      const page = this.#page("behind IS NULL AND joined < ?", number, after);
      await inParallel(page, AT_ONCE, async ({ id }) => {
        if ((await this.#deliver(id, { number, data })) === "failed") this.#mark(id, number);
      });
      after = page.length < PAGE_SESSIONS ? undefined : page.at(-1)?.id;
      if (after === undefined) this.#finish(number);
      else this.#sql.run("UPDATE mcp_broadcasts SET cursor = ? WHERE number = ?", after, number);
    }
  }

  /** A message was tried everywhere: it is kept only for those that are behind. */
  #finish(number: number): void {
    if (this.#firstBehind() === undefined)
      this.#sql.run("DELETE FROM mcp_broadcasts WHERE number = ?", number);
    else this.#sql.run("UPDATE mcp_broadcasts SET cursor = NULL WHERE number = ?", number);
  }

  /** The first message that a session lacks. */
  #firstBehind(): number | undefined {
    const [row] = this.#sql.run<{ first: number | null }>(
      "SELECT min(behind) AS first FROM mcp_sessions WHERE behind IS NOT NULL",
    );
    return row?.first ?? undefined;
  }

  /** Gives the sessions that are behind what they lack, each in order. */
  async #catchUp(): Promise<void> {
    await Promise.resolve();
    try {
      let after: string | undefined = "";
      while (after !== undefined) {
        const page = this.#page("behind >= ?", 0, after);
        await inParallel(page, AT_ONCE, ({ id, behind }) => this.#catchUpWith(id, behind ?? 0));
        after = page.length < PAGE_SESSIONS ? undefined : page.at(-1)?.id;
      }
    } finally {
      this.#catchingUp = undefined;
    }
  }

  async #catchUpWith(session: string, behind: number): Promise<void> {
    for (let from = behind; ;) {
      const message = this.#firstMissed(session, from);
      if (message === undefined) break;
      const outcome = await this.#deliver(session, message);
      if (outcome === "gone") return;
      if (outcome === "failed") return this.#mark(session, message.number);
      from = message.number + 1;
    }
    // From here on it gets messages with all others. No await since the last one that it missed was looked for.
    this.#sql.run("UPDATE mcp_sessions SET behind = NULL WHERE id = ?", session);
  }

  /** The first message from a number on that has passed a session over, or may do so: one that is being tried comes twice to some. */
  #firstMissed(session: string, from: number): Message | undefined {
    return firstRow(
      this.#sql.run<{ number: number; data: string }>(
        `SELECT number, data FROM mcp_broadcasts
         WHERE number >= ? AND (cursor IS NULL OR cursor >= ? OR number = ?) ORDER BY number LIMIT 1`,
        from,
        session,
        this.#trying ?? -1,
      ),
    );
  }

  #page(
    where: string,
    binding: number,
    after: string,
  ): readonly { readonly id: string; readonly behind: number | null }[] {
    return this.#sql.run<{ id: string; behind: number | null }>(
      `SELECT id, behind FROM mcp_sessions WHERE ${where} AND id > ? ORDER BY id LIMIT ${PAGE_SESSIONS}`,
      binding,
      after,
    );
  }

  #mark(session: string, number: number): void {
    this.#sql.run(
      "UPDATE mcp_sessions SET behind = ? WHERE id = ? AND behind IS NOT ?",
      number,
      session,
      number,
    );
  }

  async #deliver(session: string, { number, data }: Message): Promise<Delivered | "failed"> {
    try {
      await this.#renewInTime();
      const outcome = await this.#within(this.#host.deliver(session, number, data));
      if (outcome === "gone") this.#host.registry.forget(session);
      return outcome;
    } catch {
      return "failed";
    }
  }

  async #renewInTime(): Promise<void> {
    this.#calls += 1;
    if (this.#calls < CALLS_PER_EVENT) return;
    this.#calls = 0;
    await this.#host.renew();
  }

  /** A call that takes too long has failed; what comes of it later is of no matter. */
  async #within(call: Promise<Delivered>): Promise<Delivered> {
    const { promise, reject } = Promise.withResolvers<never>();
    const stop = this.#host.clock.after(CALL_LIMIT_MS, () =>
      reject(new PerdureError("unavailable", "The session did not answer in time.")),
    );
    try {
      return await Promise.race([call, promise]);
    } finally {
      stop();
    }
  }

  /** What is kept for sessions that could not be reached gives way to a new message, the oldest first. */
  #makeRoom(bytes: number): void {
    const kept = this.#sql.run<{ number: number; bytes: number; is_tried: number }>(
      "SELECT number, bytes, cursor IS NULL AS is_tried FROM mcp_broadcasts ORDER BY number",
    );
    let total = kept.reduce((sum, one) => sum + one.bytes, bytes);
    let count = kept.length + 1;
    for (const one of kept) {
      if (count <= MAX_MCP_BROADCASTS && total <= MAX_MCP_BROADCASTS_BYTES) return;
      if (one.is_tried === 0) break;
      this.#sql.run("DELETE FROM mcp_broadcasts WHERE number = ?", one.number);
      total -= one.bytes;
      count -= 1;
    }
    if (count > MAX_MCP_BROADCASTS || total > MAX_MCP_BROADCASTS_BYTES)
      throw new PerdureError(
        "rate_limited",
        "Too many broadcasts are on their way; send this one again when they have arrived.",
      );
  }
}
