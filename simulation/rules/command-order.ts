/** Commands of one connection take effect in the order in which they arrive. */

import type { Command, SessionEvent } from "../../packages/perdure/src/protocol/index.ts";
import { parseClientFrame, PING } from "../../packages/perdure/src/protocol/index.ts";
import type { ServerSocket } from "../platform/socket.ts";
import { must } from "./common.ts";

/** The commands that have arrived, connection by connection. */
export class CommandOrder {
  readonly #connections = new Map<ServerSocket, string[]>();
  /** How often each has arrived: one that came again may have had its effect by another connection. */
  readonly #arrivals = new Map<string, number>();

  received(socket: ServerSocket, text: string): void {
    if (text === PING) return;
    const frame = parseClientFrame(text);
    if (frame.t !== "command") return;
    const name = nameOfCommand(frame.id, frame.command);
    if (name === undefined) return;
    this.#arrivals.set(name, (this.#arrivals.get(name) ?? 0) + 1);
    const connection = this.#connections.get(socket) ?? [];
    this.#connections.set(socket, connection);
    connection.push(name);
  }

  /** C11: holds what has arrived against the log; `posted` are the ids of those that came by HTTP, too. */
  check(log: readonly SessionEvent[], posted: ReadonlySet<string>): void {
    const positions = new Map<string, number>();
    log.forEach((event, index) => {
      const name = nameOfEvent(event);
      if (name !== undefined) positions.set(name, index + 1);
    });
    for (const names of this.#connections.values()) {
      let before = 0;
      for (const name of names) {
        const position = positions.get(name);
        if (
          position === undefined ||
          this.#arrivals.get(name) !== 1 ||
          posted.has(name.replace("prompt ", ""))
        )
          continue;
        must(
          position > before,
          `C11 ${name} came after what is at ${before}, and is at ${position}`,
        );
        before = position;
      }
    }
  }
}

/** Commands whose effect can be told from all others. */
function nameOfCommand(id: string, command: Command): string | undefined {
  if (command.op === "prompt") return `prompt ${id}`;
  if (command.op === "decide") return `decide ${command.reason}`;
  return command.op === "set-meta" ? `meta ${JSON.stringify(command.patch)}` : undefined;
}

function nameOfEvent(event: SessionEvent): string | undefined {
  if (event.type === "turn.queued") return `prompt ${event.turn}`;
  if (event.type === "approval.decided") return `decide ${event.reason}`;
  return event.type === "session.meta" ? `meta ${JSON.stringify(event.patch)}` : undefined;
}
