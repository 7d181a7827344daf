/**
 * The storage of one object, with the platform's rules: writes are seen at once, durable only when the disk has confirmed
 * them, and nothing leaves the object before that (the output gate). A crash in between takes them back.
 */

import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";
import type { Runtime } from "../runtime/runtime.ts";

/** SQLite's own words when there is no room. */
const FULL = "database or disk is full: SQLITE_FULL";

/** Storage of one object; it outlives every life of the object's memory. */
export class SimulatedStorage {
  readonly #runtime: Runtime;
  readonly #database = new DatabaseSync(":memory:");
  readonly #statements = new Map<string, StatementSync>();
  readonly #onAlarm: () => void;
  /** Called when the disk has confirmed something, before anything that waited for it happens. */
  onConfirmed: () => void = () => {};
  #isDirty = false;
  #depth = 0;
  /** What waits for the disk: sends, replies, and calls of `sync`. */
  #gated: (() => void)[] = [];
  #cancelConfirm: (() => void) | undefined;
  #cancelAlarm: (() => void) | undefined;
  /** The alarm as written, and as the disk has it. */
  #alarm: number | undefined;
  #durableAlarm: number | undefined;
  /** Its handler runs: it does not ring meanwhile, whatever it is set to. */
  #isHandling = false;
  /** It was not set anew since it rang. */
  #hasRung = false;
  /** Writes fail while this holds. */
  isFull = false;
  /** How often it has refused a write, because it was full. */
  refusals = 0;

  constructor(runtime: Runtime, onAlarm: () => void) {
    this.#runtime = runtime;
    this.#onAlarm = onAlarm;
  }

  /** Whether something was written that the disk has not confirmed. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  /** What the object is given as `ctx.storage`. */
  get api(): DurableObjectStorage {
    return {
      sql: {
        // What a run stores is never a lot.
        databaseSize: 0,
        exec: (query: string, ...bindings: unknown[]) => this.#exec(query, bindings),
      },
      transactionSync: <T>(work: () => T) => this.#transaction(work),
      sync: () => this.#sync(),
      setAlarm: (at: number) => this.#setAlarm(at),
      deleteAlarm: () => this.#setAlarm(undefined),
    } as unknown as DurableObjectStorage;
  }

  /** Does something as soon as all that was written before is durable; never, where a crash is faster. */
  gate(effect: () => void): void {
    if (this.#isDirty) this.#gated.push(effect);
    else effect();
  }

  /** The memory of the object is gone, and with it what the disk had not confirmed. */
  crash(): void {
    this.#cancelConfirm?.();
    if (this.#isDirty) this.#database.exec("ROLLBACK");
    this.#isDirty = false;
    this.#depth = 0;
    this.#gated = [];
    this.#alarm = this.#durableAlarm;
    this.#isHandling = false;
    this.#hasRung = false;
    this.#schedule();
  }

  /** The disk confirms all that was written. */
  confirm(): void {
    if (!this.#isDirty) return;
    this.#cancelConfirm?.();
    this.#database.exec("COMMIT");
    this.#isDirty = false;
    this.#durableAlarm = this.#alarm;
    this.#schedule();
    this.onConfirmed();
    for (const effect of this.#gated.splice(0)) effect();
  }

  /** The alarm rings. One handler runs at a time. */
  alarmBegins(): void {
    this.#isHandling = true;
    this.#hasRung = true;
  }

  /** Its handler has succeeded: once that is durable the alarm is forgotten, unless it was set anew. */
  alarmDone(): void {
    this.#write();
    if (this.#hasRung) this.#alarm = undefined;
    this.#isHandling = false;
    this.#hasRung = false;
  }

  /** The alarm's handler has failed, or the object has died in it: it rings again. */
  alarmAgain(): void {
    this.#isHandling = false;
    this.#hasRung = false;
    this.#schedule(this.#runtime.now() + 2_000);
  }

  close(): void {
    this.#database.close();
  }

  #exec(query: string, bindings: readonly unknown[]) {
    const isRead = /^\s*SELECT/i.test(query);
    if (!isRead) this.#write();
    if (bindings.length === 0 && query.includes(";")) {
      this.#database.exec(query);
      return cursorOf([]);
    }
    let statement = this.#statements.get(query);
    if (statement === undefined) {
      statement = this.#database.prepare(query);
      this.#statements.set(query, statement);
    }
    const values = bindings.map((value) =>
      value instanceof ArrayBuffer ? new Uint8Array(value) : value,
    );
    return cursorOf(statement.all(...(values as never[])));
  }

  /** Something is written: the disk will confirm it some time after this turn. */
  #write(): void {
    if (this.#runtime.process?.isAlive === false) throw new Error("This object has ended.");
    if (this.isFull) {
      this.refusals += 1;
      throw new Error(FULL);
    }
    if (this.#isDirty) return;
    this.#isDirty = true;
    if (this.#depth === 0) this.#database.exec("BEGIN");
    const runtime = this.#runtime;
    const delay = runtime.chance(0.1) ? runtime.between(5, 60) : runtime.between(0.1, 2);
    this.#cancelConfirm = runtime.afterOutside(delay, () => this.confirm());
  }

  #transaction<T>(work: () => T): T {
    if (!this.#isDirty && this.#depth === 0) this.#database.exec("BEGIN");
    const name = `t${this.#depth}`;
    this.#depth += 1;
    this.#database.exec(`SAVEPOINT ${name}`);
    try {
      const value = work();
      this.#database.exec(`RELEASE ${name}`);
      return value;
    } catch (error) {
      this.#database.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
      throw error;
    } finally {
      this.#depth -= 1;
      // It has only read.
      if (!this.#isDirty && this.#depth === 0) this.#database.exec("COMMIT");
    }
  }

  #sync(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isDirty) this.#gated.push(resolve);
      else this.#runtime.after(0, resolve);
    });
  }

  async #setAlarm(at: number | undefined): Promise<void> {
    this.#write();
    this.#alarm = at;
    this.#hasRung = false;
  }

  #schedule(at = this.#durableAlarm): void {
    const runtime = this.#runtime;
    this.#cancelAlarm?.();
    this.#cancelAlarm = undefined;
    if (at === undefined || this.#isHandling) return;
    this.#cancelAlarm = runtime.afterOutside(at - runtime.now(), () => this.#onAlarm());
  }
}

function cursorOf(rows: readonly unknown[]) {
  return { toArray: () => [...rows], rowsRead: rows.length, rowsWritten: 0 };
}
