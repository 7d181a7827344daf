import { BaseDO, systemClock } from "../../src/object/index.ts";
import type { RowCounts, Schema } from "../../src/object/index.ts";
import {
  CONTENT_MIGRATIONS,
  EventLog,
  LOG_MIGRATIONS,
  sessionEvents,
} from "../../src/log/index.ts";

/** One log on the platform's own SQLite, which counts the rows that it reads and writes. */
export class LogDO extends BaseDO {
  protected static override readonly schemas: readonly Schema[] = [
    { owner: "content", migrations: CONTENT_MIGRATIONS },
    { owner: "log", migrations: LOG_MIGRATIONS },
  ];

  /** Flushes as many rows. */
  fill(rows: number): void {
    const log = new EventLog(this.sql, systemClock, sessionEvents());
    this.sql.transaction(() => {
      for (let row = 0; row < rows; row += 1) {
        log.append({ type: "finish" });
        log.flush({ row });
      }
    });
  }

  /** What loading the log costs, and then what one event costs. */
  costs(): { readonly loading: RowCounts; readonly appending: RowCounts } {
    const start = { ...this.sql.counts };
    const log = new EventLog(this.sql, systemClock, sessionEvents());
    const loaded = { ...this.sql.counts };
    this.sql.transaction(() => {
      log.append({ type: "finish" });
      log.flush({});
    });
    return { loading: difference(loaded, start), appending: difference(this.sql.counts, loaded) };
  }

  /** Rows read for a page of one event in the middle. */
  costOfPage(after: number): number {
    const log = new EventLog(this.sql, systemClock, sessionEvents());
    const { read } = this.sql.counts;
    log.read(after, 1);
    return this.sql.counts.read - read;
  }

  /** Stores data as an event, and reads it with new memory. */
  roundTrip(data: string): string {
    const log = new EventLog(this.sql, systemClock, sessionEvents());
    this.sql.transaction(() => {
      log.append({ type: "data-large", data });
      log.flush({});
    });
    const [event] = new EventLog(this.sql, systemClock, sessionEvents()).read(log.head - 1).events;
    return event !== undefined && "data" in event && typeof event.data === "string"
      ? event.data
      : "";
  }
}

function difference(a: RowCounts, b: RowCounts): RowCounts {
  return { read: a.read - b.read, written: a.written - b.written };
}
