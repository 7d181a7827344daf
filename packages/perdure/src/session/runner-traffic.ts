/** What comes over a runner's socket, and that it comes and goes. */

import type { Link } from "../object/index.ts";
import { CLOSE, parseRunnerFrame, PerdureError } from "../protocol/index.ts";
import { TERMINATED } from "./outbound.ts";
import type { SessionParts } from "./session-parts.ts";

/** With this a runner says goodbye: any other close may be a link that broke. */
const LEFT = 1000;

const NO_RUNNER = "This session runs its turns itself; it takes no runner.";

/** The sockets of runners. */
export class RunnerTraffic {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** A socket was accepted, here or by an earlier memory. */
  connected(link: Link): void {
    if (this.#parts.log.isOver) link.close(CLOSE.terminated, TERMINATED);
    else if (this.#parts.turns !== undefined) link.close(CLOSE.forbidden, NO_RUNNER);
  }

  /** A socket is gone, with this close code. */
  disconnected(code: number): void {
    this.#announce();
    this.#dropped(code === LEFT);
  }

  /** The runner has not taken up what it was sent: it is sent again, or given up. */
  redelivered(isLast: boolean): void {
    const { outbound, relay } = this.#parts;
    outbound.perform(relay.redelivered(isLast));
    if (isLast) this.#dropped();
  }

  /** A frame has arrived. Rejects where it must not be: the caller closes the socket. */
  async receive(link: Link, text: string): Promise<void> {
    const { commits, log, outbound, relay, stalling, turns, waking } = this.#parts;
    if (turns !== undefined) throw new PerdureError("forbidden", NO_RUNNER);
    const frame = parseRunnerFrame(text);
    await commits.submit((commit) => {
      if (log.isOver)
        throw new PerdureError(
          "session_terminated",
          "This session is terminated; it takes no more events.",
        );
      const outcome = relay.receive(link, frame);
      if (frame.t === "hello") waking.settle();
      commit.after(() => outbound.perform(outcome));
      if (frame.t !== "hello") return;
      stalling.came();
      log.flush();
      commit.after(() => {
        outbound.perform(relay.welcomed(link));
        this.#announce();
      });
    });
  }

  #announce(): void {
    const { readers, relay } = this.#parts;
    readers.announce({ t: "runner", runner: relay.presence() });
  }

  /** Its connection is gone. A timer that cannot be set now is set when the session is loaded again. */
  #dropped(hasLeft = false): void {
    const { commits, stalling, waking } = this.#parts;
    const dropped = () => {
      waking.dropped(hasLeft);
      stalling.left();
    };
    commits.submit(dropped).catch(() => {});
  }
}
