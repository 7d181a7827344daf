import type { Memory } from "../../src/object/index.ts";
import { migrate, RevertibleSql } from "../../src/object/index.ts";
import {
  CONTENT_MIGRATIONS,
  EventLog,
  LOG_MIGRATIONS,
  PRODUCER_MIGRATIONS,
  sessionEvents,
} from "../../src/log/index.ts";
import type { SessionEvent } from "../../src/protocol/index.ts";
import { splitRun } from "../../src/protocol/index.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { NodeSql } from "../support/node-sql.ts";

export const finish: SessionEvent = { type: "finish" };

/** A delta of text. */
export function text(delta: string, id = "t"): SessionEvent {
  return { type: "text-delta", id, delta };
}

/** One log over `node:sqlite`, whose memory goes back with its transactions. */
export class LogWorld implements Memory {
  readonly clock = new FakeClock();
  readonly sql = new RevertibleSql(new NodeSql(), this);
  log: EventLog;
  #step = 0;

  constructor() {
    migrate(this.sql, [
      { owner: "content", migrations: CONTENT_MIGRATIONS },
      { owner: "log", migrations: LOG_MIGRATIONS },
      { owner: "producers", migrations: PRODUCER_MIGRATIONS },
    ]);
    this.log = this.load();
  }

  mark(): () => void {
    return this.log?.mark() ?? (() => {});
  }

  /** Memory is new. */
  load(): EventLog {
    this.log = new EventLog(this.sql, this.clock, sessionEvents());
    return this.log;
  }

  /** Appends events; answers their positions. */
  append(...events: readonly SessionEvent[]): readonly number[] {
    return events.map((event) => this.log.append(event));
  }

  /** Flushes in a transaction. */
  flush(carry: unknown = { step: (this.#step += 1) }): boolean {
    return this.sql.transaction(() => this.log.flush(carry));
  }

  /** All durable events that are still there, one by one. */
  all(): readonly SessionEvent[] {
    return this.after(this.log.floor);
  }

  /** All durable events after a cursor, one by one, read page after page. */
  after(cursor: number, maxLength?: number): readonly SessionEvent[] {
    const events: SessionEvent[] = [];
    for (let next = cursor; next < this.log.head;) {
      const page = this.log.read(next, maxLength);
      if (page.position !== next + 1) throw new Error(`a gap before ${page.position}`);
      events.push(...page.events.flatMap((event) => splitRun(event)));
      if (page.next !== cursor + events.length) throw new Error(`a wrong next: ${page.next}`);
      next = page.next;
    }
    return events;
  }

  /** Stored rows, parsed. */
  rows(): readonly { readonly position: number; readonly body: unknown }[] {
    return this.sql
      .run<{ position: number; body: string }>("SELECT position, body FROM log ORDER BY position")
      .map(({ position, body }) => ({ position, body: JSON.parse(body) as unknown }));
  }

  /** The largest stored value, in bytes. */
  largestValue(): number {
    const [row] = this.sql.run<{ bytes: number | null }>(
      `SELECT max(bytes) AS bytes FROM (
         SELECT length(CAST(body AS BLOB)) AS bytes FROM log
         UNION ALL SELECT length(CAST(body AS BLOB)) FROM content)`,
    );
    return row?.bytes ?? 0;
  }

  /** Digests of the content that is stored out of line. */
  contents(): readonly string[] {
    return this.sql
      .run<{ digest: string }>("SELECT DISTINCT digest FROM content ORDER BY digest")
      .map(({ digest }) => digest);
  }
}
