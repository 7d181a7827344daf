/** What comes over a reader's socket, and the commands of everybody. */

import type { Commit, Identity, Link } from "../object/index.ts";
import { storeRefusal } from "../object/index.ts";
import type { Command, Reply } from "../protocol/index.ts";
import {
  parseClientFrame,
  parseId,
  PerdureError,
  permits,
  problemOf,
  PROTOCOL_VERSION,
} from "../protocol/index.ts";
import { execute } from "./commands.ts";
import { authorize } from "./rpc-answer.ts";
import type { SessionParts } from "./session-parts.ts";

/** The sockets of readers. */
export class ReaderTraffic {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** A socket is gone. */
  disconnected(link: Link): void {
    this.#parts.readers.remove(link);
    this.#parts.people.changed(link);
  }

  /** A frame has arrived. Rejects where it must not be: the caller closes the socket. */
  async receive(link: Link, text: string): Promise<void> {
    const frame = parseClientFrame(text);
    if (!permits(link.attachment.role, "read"))
      throw new PerdureError("forbidden", "This role may not read.");
    switch (frame.t) {
      case "hello":
        return this.#greet(link, frame);
      case "ack":
        return this.#parts.readers.acknowledge(link, frame.d);
      case "command": {
        const { host, outbound } = this.#parts;
        const i = host.incarnation;
        await this.command(link.attachment, frame.id, frame.command, (reply) =>
          outbound.send(link, { t: "reply", i, id: frame.id, reply }),
        );
      }
    }
  }

  /** Executes a command exactly once; `answer` is told the reply in order with what readers are told. Never rejects. */
  async command(
    identity: Identity,
    id: string,
    command: Command,
    answer: (reply: Reply) => void,
  ): Promise<Reply> {
    const { commits, outbound } = this.#parts;
    try {
      parseId(id);
      authorize(identity, command.op);
      const answered = (reply: Reply, commit: Commit) => {
        commit.after(() => answer(reply));
        outbound.sendAwayIfOver(commit);
        return reply;
      };
      return await commits.submit(
        (commit) => answered(this.#execute(identity, id, command), commit),
        (error, commit) => answered(storeRefusal(error), commit),
      );
    } catch (error) {
      const reply: Reply = { ok: false, error: problemOf(error) };
      answer(reply);
      return reply;
    }
  }

  #greet(link: Link, { v, after }: { readonly v: number; readonly after: number | null }): void {
    const { log, people, readers } = this.#parts;
    if (v !== PROTOCOL_VERSION)
      throw new PerdureError(
        "unsupported_version",
        `This server speaks version ${PROTOCOL_VERSION}; reload or update.`,
      );
    // A stream of another protocol would dial again and again.
    if (log.isOver && link.attachment.kind === "dialect" && after === log.log.head)
      throw new PerdureError("session_terminated", "This session is over; nothing follows.");
    readers.hello(link, after);
    people.changed(link);
  }

  #execute(identity: Identity, id: string, command: Command): Reply {
    const { cancellations, commands, commits, decisions, host, lifecycle, log, turns, waking } =
      this.#parts;
    if (!log.exists)
      throw new PerdureError("session_not_found", "There is no such session; create it first.");
    const context = {
      log,
      decisions,
      timers: host.timers,
      waking,
      lifecycle,
      cancellations,
      metaSchema: host.metaSchema(),
      at: host.clock.now(),
      by: identity.subject,
    };
    turns?.drain();
    const reply = commands.once(id, identity.subject, command, () => ({
      ok: true,
      result: execute(context, id, command),
    }));
    waking.review();
    commits.flushWithBatch();
    return reply;
  }
}
