import type { Attachment, ConnectionKind, Identity, Link, Sql } from "../../src/object/index.ts";
import { COMMAND_MIGRATIONS, migrate, TIMER_MIGRATIONS, Timers } from "../../src/object/index.ts";
import type {
  Command,
  RunnerEvent,
  ServerFrame,
  RunnerServerFrame,
} from "../../src/protocol/index.ts";
import type { SessionListing } from "../../src/session/index.ts";
import { Session, SESSION_SCHEMAS } from "../../src/session/index.ts";
import { FakeClock } from "./fake-clock.ts";
import { NodeSql } from "./node-sql.ts";

export const OWNER: Identity = { subject: "owner", role: "admin", expiresAt: null };

/** A socket whose frames a test can read. */
export class FakeLink implements Link {
  attachment: Attachment;
  readonly texts: string[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;

  constructor(attachment: Attachment) {
    this.attachment = attachment;
  }

  attach(change: Partial<Attachment>): void {
    this.attachment = { ...this.attachment, ...change };
  }

  send(text: string): boolean {
    if (this.closed !== undefined) return false;
    this.texts.push(text);
    return true;
  }

  close(code: number, reason: string): void {
    this.closed ??= { code, reason };
  }

  /** All frames so far; asking takes them. */
  take(): (ServerFrame | RunnerServerFrame | string)[] {
    return this.texts.splice(0).map((text) => JSON.parse(text) as ServerFrame | string);
  }

  /** Bytes so far; asking takes the frames. */
  takeBytes(): number {
    return this.texts
      .splice(0)
      .reduce((sum, text) => sum + new TextEncoder().encode(text).length, 0);
  }
}

/** One session over `node:sqlite`, with sockets that outlive its memory. */
export class SessionWorld {
  readonly clock = new FakeClock();
  readonly sql: Sql = new NodeSql();
  readonly listings: SessionListing[] = [];
  readonly #links: FakeLink[] = [];
  #incarnations = 0;
  session: Session;
  /** What the list does when it is told. */
  onListing = async (listing: SessionListing): Promise<void> => void this.listings.push(listing);

  constructor() {
    migrate(this.sql, [
      { owner: "timers", migrations: TIMER_MIGRATIONS },
      { owner: "commands", migrations: COMMAND_MIGRATIONS },
      ...SESSION_SCHEMAS,
    ]);
    this.session = this.#load();
  }

  /** A world with a session in it. */
  static async created(): Promise<SessionWorld> {
    const world = new SessionWorld();
    await world.session.create(OWNER, { id: "s1" });
    return world;
  }

  /** The object's memory is lost; its sockets stay. */
  evict(): void {
    this.session = this.#load();
  }

  connect(kind: ConnectionKind, change: Partial<Attachment> = {}): FakeLink {
    const role = kind === "runner" ? "runner" : "participant";
    const id = `link-${this.#links.length}`;
    const link = new FakeLink({
      id,
      kind,
      role,
      subject: "somebody",
      expiresAt: null,
      connectedAt: this.clock.now(),
      ...change,
    });
    this.#links.push(link);
    this.session.connected(link);
    return link;
  }

  disconnect(link: FakeLink): void {
    this.#links.splice(this.#links.indexOf(link), 1);
    this.session.disconnected(link);
  }

  async reader(
    after: number | null = null,
    kind: "reader" | "dialect" = "reader",
  ): Promise<FakeLink> {
    const link = this.connect(kind);
    await this.send(link, { t: "hello", v: 1, after });
    return link;
  }

  /** A runner that has started: its link, and its next number. */
  async runner(process = "p1", spool = "spool1"): Promise<FakeRunner> {
    const link = this.connect("runner");
    const runner = new FakeRunner(this, link, process, spool);
    await runner.hello();
    await runner.emit({
      type: "runner.started",
      epoch: runner.epoch,
      agent: { name: "test" },
      restored: "new",
      at: this.clock.now(),
    });
    return runner;
  }

  send(link: FakeLink, frame: unknown): Promise<void> {
    return this.session.receive(link, JSON.stringify(frame));
  }

  command(id: string, command: Command, identity: Identity = OWNER) {
    return this.session.command(identity, id, command);
  }

  prompt(id: string, text = "hello") {
    return this.command(id, { op: "prompt", parts: [{ type: "text", text }] });
  }

  /** All durable events, single ones. */
  events() {
    const { events } = this.session.events(0);
    return events;
  }

  #load(): Session {
    this.#incarnations += 1;
    const alarm = { set: () => {}, clear: () => {} };
    return new Session({
      sql: this.sql,
      clock: this.clock,
      timers: new Timers(this.sql, this.clock, alarm),
      incarnation: `i${this.#incarnations}`,
      links: () => this.#links.filter((link) => link.closed === undefined),
      sync: () => Promise.resolve(),
      onListing: (listing) => this.onListing(listing),
    });
  }
}

/** A runner's side of the wire: numbers its events, keeps them until they are acknowledged. */
export class FakeRunner {
  readonly #world: SessionWorld;
  readonly process: string;
  readonly spool: string;
  link: FakeLink;
  epoch = 0;
  next = 1;
  held: { readonly r: number; readonly e: RunnerEvent }[] = [];

  constructor(world: SessionWorld, link: FakeLink, process: string, spool: string) {
    this.#world = world;
    this.link = link;
    this.process = process;
    this.spool = spool;
  }

  async hello(): Promise<void> {
    const first = this.held[0]?.r ?? this.next;
    const epoch = this.epoch === 0 ? {} : { epoch: this.epoch };
    await this.#world.send(this.link, {
      t: "hello",
      v: 1,
      process: this.process,
      spool: this.spool,
      first,
      ...epoch,
    });
    const welcome = this.frames().find((frame) => frame.t === "welcome");
    if (welcome?.t !== "welcome" || !("epoch" in welcome)) return;
    this.epoch = welcome.epoch;
    this.held = this.held.filter(({ r }) => r > welcome.r);
  }

  /** Connects again and sends what is still held. */
  async reconnect(): Promise<void> {
    this.link = this.#world.connect("runner");
    await this.hello();
    const [first] = this.held;
    if (first === undefined) return;
    await this.#world.send(this.link, {
      t: "events",
      epoch: this.epoch,
      r: first.r,
      e: this.held.map(({ e }) => e),
    });
  }

  async emit(...events: RunnerEvent[]): Promise<void> {
    const r = this.next;
    for (const e of events) this.held.push({ r: this.next++, e });
    await this.#world.send(this.link, { t: "events", epoch: this.epoch, r, e: events });
  }

  begin(command: number): Promise<void> {
    return this.emit({ type: "command.begun", command, at: this.#world.clock.now() });
  }

  text(delta: string): Promise<void> {
    return this.emit({ type: "text-delta", id: "t", delta });
  }

  end(turn: string, outcome: "completed" | "cancelled" = "completed"): Promise<void> {
    return this.emit(
      { type: "finish" },
      { type: "turn.ended", turn, outcome, at: this.#world.clock.now() },
    );
  }

  frames(): RunnerServerFrame[] {
    return this.link.take() as RunnerServerFrame[];
  }

  commands() {
    return this.frames().flatMap((frame) => (frame.t === "command" ? [frame.command] : []));
  }
}
