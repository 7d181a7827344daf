/** Frames and closes on their way out. Nobody is sent a frame whom the session would not let in any more. */

import type { Commit, Link } from "../object/index.ts";
import { closeExpired } from "../object/index.ts";
import type { RunnerServerFrame, ServerFrame } from "../protocol/index.ts";
import { CLOSE } from "../protocol/index.ts";
import type { Readers } from "./readers.ts";
import type { RelayOutcome } from "./relay.ts";
import type { SessionHost } from "./session-host.ts";
import type { SessionLog } from "./session-log.ts";
import type { Sharing } from "./sharing.ts";

/** What is said to somebody who holds a socket of a session that is over. */
export const TERMINATED = "This session is terminated.";

/** What the way out needs of its session. */
export interface OutboundOptions {
  readonly host: SessionHost;
  readonly log: SessionLog;
  readonly sharing: Sharing;
  readonly readers: () => Readers;
}

/** The way out of one session. */
export class Outbound {
  readonly #options: OutboundOptions;

  constructor(options: OutboundOptions) {
    this.#options = options;
  }

  /** Sends one frame. */
  send(link: Link, frame: ServerFrame | RunnerServerFrame): void {
    if (!this.closeRefused(link)) link.send(JSON.stringify(frame));
  }

  /** Does what the relay asks for. */
  perform({ sends, closes }: RelayOutcome): void {
    const { incarnation } = this.#options.host;
    for (const { link, frame } of sends) this.send(link, { ...frame, i: incarnation });
    for (const { link, code, reason } of closes) link.close(code, reason);
  }

  /** Closes a link whose token has expired or was taken back; answers whether it was. */
  closeRefused(link: Link): boolean {
    const { host, sharing } = this.#options;
    return closeExpired(link, host.clock) || sharing.closeRevoked(link);
  }

  /** After the replies of a terminated session everybody who has been told everything is sent away. */
  sendAwayIfOver(commit: Commit): void {
    const { host, log, readers } = this.#options;
    if (!log.isOver) return;
    commit.after(() => {
      for (const link of host.links())
        if (link.attachment.kind === "runner") link.close(CLOSE.terminated, TERMINATED);
        else readers().dismiss(link);
    });
  }
}
