import type { Attachment, ConnectionKind, Identity, Sql } from "../../src/object/index.ts";
import { COMMAND_MIGRATIONS, migrate, TIMER_MIGRATIONS, Timers } from "../../src/object/index.ts";
import type { Command, SessionEvent, Task } from "../../src/protocol/index.ts";
import { splitRun } from "../../src/protocol/index.ts";
import type {
  GatewayPolicy,
  Lifetime,
  MetaSchema,
  Retention,
  SessionListing,
  TurnHost,
} from "../../src/session/index.ts";
import { Session, SESSION_SCHEMAS } from "../../src/session/index.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeLink } from "./fake-link.ts";
import { FakeRunner } from "./fake-runner.ts";
import { LivingSql } from "./living-sql.ts";
import { NodeSql } from "./node-sql.ts";

export const OWNER: Identity = { subject: "owner", role: "admin", expiresAt: null };

/** One session over `node:sqlite`, with sockets that outlive its memory. */
export class SessionWorld {
  readonly clock = new FakeClock();
  readonly sql: Sql;
  readonly gateways: GatewayPolicy;
  /** What the list was told that was news to it. */
  readonly listings: SessionListing[] = [];
  #listed = 0;
  readonly #links: FakeLink[] = [];
  /** Calls that move the platform's alarm: each bills a row. */
  alarms = 0;
  #incarnations = 0;
  #connections = 0;
  #isAsleep = false;
  #timers: Timers;
  readonly #turns: TurnHost | undefined;
  session: Session;
  /** Told lines are lost while this holds. */
  isListAway = false;
  /** How often the list was told, or could not be. */
  tellings = 0;
  /** When the platform's alarm rings. */
  alarm: number | undefined;
  /** Whether people may know of each other. */
  showsPeople = true;
  /** What the class says of how long its sessions go on. */
  lifetime: Lifetime = {};
  /** Whether the log takes nothing more at the moment: the last thing that a commit writes. */
  isStorageFull = false;
  /** Resolves when what was written is durable. */
  sync = (): Promise<void> => Promise.resolve();
  /** What the class says of what its sessions keep. */
  retention: Retention = {};

  /** Whether the text of messages is indexed, from the next loss of memory on. */
  isSearchable = false;
  /** What metadata must be. */
  metaSchema: MetaSchema | undefined;
  /** What the application does with a task that is due. */
  onTaskDue = async (task: Task): Promise<void> => void this.due.push(task.id);
  /** Tasks that were due. */
  readonly due: string[] = [];

  /**
   * @param gateways Where runners are to be had; by default nowhere.
   * @param turns What runs the session's turns in the object; by default nothing.
   * @param sql The database; by default an empty one.
   */
  constructor(gateways: GatewayPolicy = {}, turns?: TurnHost, sql: Sql = new NodeSql()) {
    this.sql = sql;
    this.gateways = gateways;
    this.#turns = turns;
    migrate(this.sql, [
      { owner: "timers", migrations: TIMER_MIGRATIONS },
      { owner: "commands", migrations: COMMAND_MIGRATIONS },
      ...SESSION_SCHEMAS,
    ]);
    this.#timers = this.#newTimers();
    this.session = this.#load();
  }

  /** A world with a session in it. */
  static async created(turns?: TurnHost): Promise<SessionWorld> {
    const world = new SessionWorld({}, turns);
    await world.session.create(OWNER, { id: "s1" });
    return world;
  }

  /** The object's memory is lost, with all that it waited for; its sockets stay. */
  evict(): void {
    this.#timers = this.#newTimers();
    this.session = this.#load();
    this.session.restore();
  }

  /** The object's memory is lost, and nothing wakes it but its alarm. */
  sleep(): void {
    this.#incarnations += 1;
    this.#isAsleep = true;
  }

  /** The version of the session's line in lists, as stored. */
  get lineVersion(): number {
    const [row] = this.sql.run<{ body: string }>(
      "SELECT body FROM log ORDER BY position DESC LIMIT 1",
    );
    return (JSON.parse(row?.body ?? "") as { carry: { line: number } }).carry.line;
  }

  connect(kind: ConnectionKind, change: Partial<Attachment> = {}): FakeLink {
    this.#connections += 1;
    const link = new FakeLink({
      id: `link-${this.#connections}`,
      kind,
      role: kind === "runner" ? "runner" : "participant",
      subject: "somebody",
      expiresAt: null,
      connectedAt: this.clock.now(),
      ...change,
    });
    this.#links.push(link);
    this.session.connected(link);
    return link;
  }

  /** The socket is gone, and the object hears of it. */
  disconnect(link: FakeLink, code = 1006): void {
    link.close(code, "");
    this.#links.splice(this.#links.indexOf(link), 1);
    this.session.disconnected(link, code);
  }

  /** A reader's socket that has said hello. */
  async reader(
    after: number | null = null,
    kind: "reader" | "dialect" = "reader",
    change: Partial<Attachment> = {},
  ): Promise<FakeLink> {
    const link = this.connect(kind, change);
    await this.send(link, { t: "hello", v: 1, after });
    return link;
  }

  /** A runner whose process has started. */
  async runner(process = "process-1", spool = "spool-1"): Promise<FakeRunner> {
    const runner = new FakeRunner(this, process, spool);
    await runner.connect();
    await runner.start();
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

  decide(id: string, approval: string, option: string, by = "owner") {
    const identity: Identity = { subject: by, role: "participant", expiresAt: null };
    return this.command(id, { op: "decide", approval, option }, identity);
  }

  /** All durable events from position 1 on, each by itself. */
  events(): readonly SessionEvent[] {
    const events: SessionEvent[] = [];
    for (;;) {
      const page = this.session.events(events.length);
      events.push(...page.events.flatMap(splitRun));
      if (page.next >= page.head) return events;
    }
  }

  types(): readonly string[] {
    return this.events().map(({ type }) => type);
  }

  /** The flush that a quiet moment brings. */
  async settle(): Promise<void> {
    this.clock.advance(1_250);
    await turn();
  }

  /** The alarm rings: timers that are due fire, as the object has them fire. */
  async ring(): Promise<void> {
    this.alarm = undefined;
    if (this.#isAsleep) this.evict();
    this.#isAsleep = false;
    await this.#timers.ring(
      async ({ name }) => {
        await this.session.timer(name);
      },
      () => this.session.alarm(),
    );
  }

  /** When a timer is due. */
  dueAt(name: string): number | undefined {
    return this.#timers.dueAt(name);
  }

  setTimer(name: string, at: number): void {
    this.#timers.set(name, at);
  }

  #newTimers(): Timers {
    const move = (at?: number) => {
      this.alarms += 1;
      this.alarm = at;
    };
    return new Timers(this.sql, this.clock, { set: move, clear: move });
  }

  #load(): Session {
    this.#incarnations += 1;
    const incarnation = this.#incarnations;
    return new Session({
      // What the code of a lost memory still does reaches nothing.
      sql: new LivingSql(this.sql, {
        alive: () => incarnation === this.#incarnations,
        full: () => this.isStorageFull,
      }),
      timers: this.#timers,
      turns: this.#turns,
      clock: {
        now: () => this.clock.now(),
        after: (delay, task) =>
          this.clock.after(delay, () => {
            if (incarnation === this.#incarnations) task();
          }),
      },
      incarnation: `i${incarnation}`,
      gateways: this.gateways,
      links: () => this.#links.filter((link) => link.closed === undefined),
      abort: (error) => {
        throw error;
      },
      sync: () => this.sync(),
      lifetime: () => this.lifetime,
      retention: () => this.retention,
      isSearchable: this.isSearchable,
      metaSchema: () => this.metaSchema,
      showsPeople: () => this.showsPeople,
      onTaskDue: (task) => this.onTaskDue(task),
      tellList: async (_owner, listing, version) => {
        this.tellings += 1;
        if (this.isListAway) throw new Error("the list is away");
        if (version <= this.#listed) return;
        this.#listed = version;
        this.listings.push(listing);
      },
    });
  }
}

/** Everything that waits in this turn of the event loop has happened. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
