import type { Link, Migration, Sql, Timers } from "../../src/object/index.ts";
import {
  BaseDO,
  Commands,
  CommitQueue,
  storeRefusal,
  systemClock,
} from "../../src/object/index.ts";
import type { Command, Reply } from "../../src/protocol/index.ts";
import { PerdureError } from "../../src/protocol/index.ts";

/** The migration that an object begins with. */
export const NOTES: Migration = {
  version: 1,
  name: "notes",
  up: "CREATE TABLE notes (text TEXT NOT NULL)",
};

/** What is deployed: the next instance of an object finds these migrations. */
export const deployed: { migrations: readonly Migration[] } = { migrations: [NOTES] };

/** Something that happened in an object. */
export interface Entry {
  readonly object: string;
  /** The life of the object's memory. */
  readonly instance: string;
  /** The version of its tables then; 0 where there are none. */
  readonly schema: number;
  readonly what: string;
}

/** All that happened, in order. A test reads it without waking an object. */
export const journal: Entry[] = [];

/** All that happened in one object. */
export function entriesOf(object: string): readonly Entry[] {
  return journal.filter((entry) => entry.object === object);
}

/** What happened in one object, without where. */
export function journalOf(object: string): readonly string[] {
  return entriesOf(object).map((entry) => entry.what);
}

/** Uses every hook of `BaseDO`, and tells what each saw. */
export class KernelDO extends BaseDO {
  static override get migrations(): readonly Migration[] {
    return deployed.migrations;
  }

  /** A field of the subclass: a hook that ran before the constructor's end would see it undefined. */
  readonly instance: string = crypto.randomUUID();
  readonly #queue = new CommitQueue({
    transaction: (work) => this.sql.transaction(work),
    sync: () => this.ctx.storage.sync(),
    publish: () => {},
  });

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    this.#tell("constructed");
  }

  // What a subclass may use, shown to the tests.

  get database(): Sql {
    return this.sql;
  }

  get namedTimers(): Timers {
    return this.timers;
  }

  get openLinks(): readonly Link[] {
    return this.links;
  }

  get isUnwritten(): boolean {
    return this.isBlank;
  }

  /** Writes a note once per id, whoever else writes meanwhile. */
  command(sender: string, id: string, command: Command): Promise<Reply> {
    return this.#queue.submit(
      () =>
        new Commands(this.sql, systemClock).once(id, sender, command, () => {
          this.sql.run("INSERT INTO notes (text) VALUES (?)", command.op);
          if (command.op === "terminate")
            throw new PerdureError("session_terminated", "It is over.");
          return { ok: true, result: { position: this.notes().length } };
        }),
      storeRefusal,
    );
  }

  notes(): readonly string[] {
    return this.sql.run<{ text: string }>("SELECT text FROM notes").map(({ text }) => text);
  }

  /** Writes a note; answers the life of the memory that did. */
  note(text: string): string {
    this.sql.run("INSERT INTO notes (text) VALUES (?)", text);
    return this.instance;
  }

  protected override get maxConnections(): number {
    return 3;
  }

  protected override onRequest(request: Request): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    this.#tell(`request ${pathname}`);
    if (pathname === "/health") return new Response("well");
    if (pathname === "/notes") return Response.json(this.notes());
    if (pathname === "/fault") throw new Error("a secret of the server's");
    return super.onRequest(request);
  }

  protected override onUpgrade(): void {
    this.#tell("upgrade");
  }

  protected override async onConnect(link: Link): Promise<void> {
    this.#tell(`connect ${link.attachment.subject}`);
    await Promise.resolve();
    if (link.attachment.subject === "unwelcome")
      throw new PerdureError("forbidden", "This one may not connect.");
  }

  protected override onMessage(link: Link, text: string): void {
    this.#tell(`message ${text}`);
    if (text === "fault") throw new Error("a secret of the server's");
    if (text === "refuse") throw new PerdureError("bad_request", "é".repeat(200));
    link.send(this.instance);
  }

  protected override onDisconnect(link: Link): void {
    this.#tell(`disconnect ${link.attachment.subject}, sent ${link.send("too late")}`);
  }

  protected override onConnectionsChanged(count: number): void {
    this.#tell(`connections ${count}`);
  }

  protected override onTimer(name: string, payload: unknown): void {
    this.#tell(`timer ${name} ${JSON.stringify(payload)}`);
    this.sql.run("INSERT INTO notes (text) VALUES (?)", name);
    if (name.startsWith("failing")) throw new Error("not yet");
  }

  #tell(what: string): void {
    const { sql } = this.ctx.storage;
    const { tables } = sql
      .exec("SELECT count(*) AS tables FROM sqlite_master WHERE name = 'perdure_migrations'")
      .one();
    const schema =
      tables === 0
        ? 0
        : sql.exec("SELECT max(version) AS at FROM perdure_migrations WHERE owner = 'app'").one()[
            "at"
          ];
    const object = this.ctx.id.name ?? "";
    journal.push({ object, instance: this.instance, schema: Number(schema), what });
  }
}
