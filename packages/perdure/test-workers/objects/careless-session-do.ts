import { SessionDO } from "../../src/session/index.ts";

/** A session that makes the common mistakes, one in each method, and the same done right beside it. */
export class CarelessSessionDO extends SessionDO {
  static override readonly largeStorageBytes = 512 * 1024;

  static override readonly migrations = [
    {
      version: 1,
      name: "settings",
      // A bomb, where migrations run again on each wake.
      up: `CREATE TABLE settings (id INTEGER, value TEXT NOT NULL);
           INSERT INTO settings VALUES (1, 'default');
           CREATE TABLE notes (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, room TEXT NOT NULL);
           CREATE INDEX notes_by_topic ON notes (topic)`,
    },
  ];

  #visits = 0;

  /** In memory only. */
  visitForgetfully(): number {
    this.#visits += 1;
    return this.#visits;
  }

  visitsInMemory(): number {
    return this.#visits;
  }

  visit(): void {
    this.sql.run("INSERT INTO notes (topic, room) VALUES ('visit', 'hall')");
  }

  visits(): number {
    const query = "SELECT count(*) AS count FROM notes WHERE topic = 'visit'";
    return this.sql.run<{ count: number }>(query)[0]?.count ?? 0;
  }

  /** Has an index. */
  notesOn(topic: string): number {
    return this.sql.run("SELECT id FROM notes WHERE topic = ? LIMIT 50", topic).length;
  }

  /** Has none. */
  notesIn(room: string): number {
    return this.sql.run("SELECT id FROM notes WHERE room = ? LIMIT 50", room).length;
  }

  /** Ends early, along the key. */
  latestNotes(): number {
    return this.sql.run("SELECT id FROM notes ORDER BY id DESC LIMIT 50").length;
  }

  /** Sorts the whole table before it can end. */
  firstRooms(): number {
    return this.sql.run("SELECT id FROM notes ORDER BY room LIMIT 50").length;
  }

  settings(): number {
    return this.sql.run("SELECT * FROM settings").length;
  }

  /** Dies at the first call, as a deploy or a crash would have it, and answers the next. */
  async dieOnce(): Promise<string> {
    if (this.visits() > 0) return "alive";
    this.visit();
    await this.ctx.storage.sync();
    this.ctx.abort("the object dies");
    return "dead";
  }

  /** Puts into one object what belongs into many. */
  fill(bytes: number): void {
    this.sql.run("INSERT INTO notes (topic, room) VALUES ('fill', ?)", "x".repeat(bytes));
  }
}
