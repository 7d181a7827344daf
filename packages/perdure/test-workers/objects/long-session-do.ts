import type { ControlEvent, JsonObject } from "../../src/protocol/index.ts";
import { systemClock } from "../../src/object/index.ts";
import { SessionDO } from "../../src/session/index.ts";
import { SessionLog } from "../../src/session/session-log.ts";

/** Turns that are stored in one transaction. */
const TURNS_PER_TRANSACTION = 500;

/** A session that can be given a long past, and tells what it costs to read. */
export class LongSessionDO extends SessionDO {
  /** Writes this many turns, each a prompt and its answer with a tool call, as a runner's would be: a row of the log each. */
  seed(turns: number): void {
    for (let first = 1; first <= turns; first += TURNS_PER_TRANSACTION)
      this.sql.transaction(() => {
        const log = new SessionLog(this.sql, systemClock);
        const last = Math.min(turns, first + TURNS_PER_TRANSACTION - 1);
        for (let n = first; n <= last; n += 1) writeTurn(log, n);
      });
  }

  /** Rows read and written since the object's memory began. */
  rows(): { readonly read: number; readonly written: number } {
    const { read, written } = this.sql.counts;
    return { read, written };
  }
}

function writeTurn(log: SessionLog, n: number): void {
  const turn = `t${n}`;
  const at = n;
  const control = (event: JsonObject) => log.append(event as unknown as ControlEvent);
  const message = { id: turn, role: "user", parts: [{ type: "text", text: `question ${n}` }] };
  const command = control({ type: "turn.queued", turn, by: "ada", message, at });
  control({ type: "command.begun", command, at });
  log.append({ type: "start", messageId: `${turn}-reply` });
  log.append({ type: "text-delta", id: "t", delta: `answer ${n}` });
  const call = { toolCallId: `c${n}`, toolName: "read" };
  log.append({ type: "tool-input-available", ...call, input: { path: `${n}.txt` } });
  log.append({ type: "tool-output-available", toolCallId: call.toolCallId, output: `text ${n}` });
  log.append({ type: "finish" });
  control({ type: "turn.ended", turn, outcome: "completed", at });
  log.flush();
}
