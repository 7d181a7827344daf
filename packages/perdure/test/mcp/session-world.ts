/** One session's object in Node, with sockets that a test holds, over any loss of memory. */

import { CONTENT_MIGRATIONS, LOG_MIGRATIONS } from "../../src/log/index.ts";
import { SESSION_MIGRATIONS } from "../../src/mcp/kept-session.ts";
import type { KeptLimits } from "../../src/mcp/message-log.ts";
import type { ReaderFrame, StreamMeta, WriterFrame, Written } from "../../src/mcp/rpc.ts";
import { SessionObject } from "../../src/mcp/session-object.ts";
import { migrate, TIMER_MIGRATIONS, Timers } from "../../src/object/index.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeLink } from "../support/fake-link.ts";
import { NodeSql } from "../support/node-sql.ts";

const ANSWERS = () => Promise.resolve();

/** A session that has begun. */
export class SessionWorld {
  readonly clock = new FakeClock();
  readonly sql = new NodeSql();
  session: SessionObject;
  #links: FakeLink[] = [];
  #ids = 0;
  readonly #limits: KeptLimits;

  private constructor(limits: KeptLimits) {
    this.#limits = limits;
    migrate(this.sql, [
      { owner: "timers", migrations: TIMER_MIGRATIONS },
      { owner: "log", migrations: LOG_MIGRATIONS },
      { owner: "content", migrations: CONTENT_MIGRATIONS },
      { owner: "mcp", migrations: SESSION_MIGRATIONS },
    ]);
    this.session = this.#load();
  }

  static async begin(
    limits: KeptLimits = { messages: 10_000, length: 1_000_000 },
  ): Promise<SessionWorld> {
    const world = new SessionWorld(limits);
    world.session.begin(null, {});
    return world;
  }

  /** Opens a socket. */
  open(meta: StreamMeta): FakeLink {
    this.#ids += 1;
    const link = new FakeLink({
      id: String(this.#ids),
      kind: "mcp",
      role: "participant",
      subject: "",
      expiresAt: null,
      connectedAt: this.clock.now(),
      meta,
    });
    this.#links.push(link);
    this.session.connect(link, meta);
    return link;
  }

  /** Closes a socket from outside. */
  drop(link: FakeLink): void {
    this.#links = this.#links.filter((one) => one !== link);
    this.session.disconnect(link);
  }

  /** Sends a frame of a writer's. */
  put(link: FakeLink, written: readonly Written[]): void {
    if (link.closed === undefined) this.session.receive(link, { t: "put", m: written });
  }

  /** Memory goes, sockets stay. */
  evict(): void {
    this.session = this.#load();
  }

  /** Memory and sockets go. */
  crash(): void {
    for (const link of this.#links) link.close(1006, "");
    this.#links = [];
    this.evict();
  }

  #load(): SessionObject {
    const { sql, clock } = this;
    return new SessionObject({
      id: "s",
      sql,
      clock,
      timers: new Timers(sql, clock, { set: () => {}, clear: () => {} }),
      limits: this.#limits,
      idleMs: 1_000_000,
      graceMs: 1_000,
      links: () => this.#links.filter(({ closed }) => closed === undefined),
      registry: () => ({
        join: ANSWERS,
        leave: ANSWERS,
        follow: ANSWERS,
        unfollow: ANSWERS,
        followers: () => Promise.resolve([]),
        broadcast: ANSWERS,
        notify: ANSWERS,
        secret: () => Promise.resolve(""),
      }),
      erase: ANSWERS,
    });
  }
}

/** Frames of a socket that nobody has taken yet; asking takes the first so many. */
export function framesOf<Frame extends ReaderFrame | WriterFrame>(
  link: FakeLink,
  count = Infinity,
): Frame[] {
  return link.texts.splice(0, count).map((text) => JSON.parse(text) as Frame);
}
