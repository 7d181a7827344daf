import { DurableObject } from "cloudflare:workers";

/** The object of a user without a socket: this machine's file descriptors end before 10,000 of them. */
export class StandIn extends DurableObject {
  /** Events that have come. */
  taken = 0;

  /** An event has come. @returns To how many sockets it would go. */
  protected take(): number {
    this.taken += 1;
    return 1;
  }
}
