/** The stored half of live queries: a row each. */

import type { Sql } from "../object/index.ts";
import type { Footprint } from "./footprint.ts";
import type { Question } from "./query-runner.ts";
import type { ResultDigest } from "./result.ts";

/** A live query. Its fields but `listeners` are those of its row. */
export interface LiveQuery extends Question {
  readonly id: number;
  /** Its changes after this position are known: those of a client that has followed it that far or farther. */
  knownSince: number;
  /** Since when nobody listens, in milliseconds since 1970; null while somebody does. */
  idleSince: number | null;
  /** Whether what it read has changed since it ran. */
  isTouched: boolean;
  footprint: Footprint;
  /** The position of the digest in its row. */
  checkpoint: number;
  listeners: number;
}

interface Row {
  readonly id: number;
  readonly path: string;
  readonly args: string;
  readonly identity: string;
  readonly known_since: number;
  readonly idle_since: number | null;
  readonly touched: number;
  readonly footprint: string;
  readonly checkpoint: number;
}

type Changes = Partial<Pick<LiveQuery, "idleSince" | "isTouched" | "footprint">>;

/** The table `perdure_queries`, and all its rows in memory but for the digests. */
export class QueryTable {
  readonly #sql: Sql;
  readonly #queries: Map<number, LiveQuery>;
  #lastId: number;

  constructor(sql: Sql) {
    this.#sql = sql;
    const rows = sql.run<{ [Field in keyof Row]: Row[Field] }>(
      `SELECT id, path, args, identity, known_since, idle_since, touched, footprint, checkpoint
         FROM perdure_queries ORDER BY id`,
    );
    this.#queries = new Map(rows.map((row) => [row.id, fromRow(row)]));
    this.#lastId = rows.at(-1)?.id ?? 0;
  }

  get(id: number): LiveQuery | undefined {
    return this.#queries.get(id);
  }

  all(): Iterable<LiveQuery> {
    return this.#queries.values();
  }

  get size(): number {
    return this.#queries.size;
  }

  insert(
    { path, args, identity }: Question,
    footprint: Footprint,
    digest: ResultDigest,
    position: number,
  ): LiveQuery {
    const id = this.#lastId + 1;
    this.#sql.run(
      `INSERT INTO perdure_queries
         (id, path, args, identity, known_since, idle_since, touched, footprint, checkpoint, digest)
       VALUES (?, ?, ?, ?, ?, NULL, 0, ?, ?, ?)`,
      id,
      path,
      args,
      identity,
      position,
      JSON.stringify(footprint),
      position,
      digestText(digest),
    );
    const query: LiveQuery = {
      id,
      path,
      args,
      identity,
      footprint,
      knownSince: position,
      checkpoint: position,
      idleSince: null,
      isTouched: false,
      listeners: 0,
    };
    this.#lastId = id;
    this.#queries.set(id, query);
    return query;
  }

  delete(query: LiveQuery): void {
    this.#sql.run("DELETE FROM perdure_queries WHERE id = ?", query.id);
    this.#queries.delete(query.id);
  }

  /** Stores what differs, and leaves memory as it is: for a transaction that may not stand. */
  store(query: LiveQuery, changes: Changes): void {
    const { idleSince = query.idleSince, isTouched = query.isTouched } = changes;
    const footprint = JSON.stringify(changes.footprint ?? query.footprint);
    if (
      idleSince === query.idleSince &&
      isTouched === query.isTouched &&
      (changes.footprint === undefined || footprint === JSON.stringify(query.footprint))
    )
      return;
    this.#sql.run(
      "UPDATE perdure_queries SET idle_since = ?, touched = ?, footprint = ? WHERE id = ?",
      idleSince,
      isTouched ? 1 : 0,
      footprint,
      query.id,
    );
  }

  /** Stores what differs, and remembers it. */
  update(query: LiveQuery, changes: Changes): void {
    this.store(query, changes);
    Object.assign(query, changes);
  }

  /** What a query answered at its checkpoint. */
  storedDigest(query: LiveQuery): ResultDigest {
    const [row] = this.#sql.run<{ digest: string }>(
      "SELECT digest FROM perdure_queries WHERE id = ?",
      query.id,
    );
    return digestFrom(row?.digest ?? "0");
  }

  /** Stores what a query answers at a position, and since when its changes are known. Memory stays as it is. */
  storeDigest(
    query: LiveQuery,
    digest: ResultDigest,
    checkpoint: number,
    knownSince: number,
  ): void {
    this.#sql.run(
      "UPDATE perdure_queries SET digest = ?, checkpoint = ?, known_since = ? WHERE id = ?",
      digestText(digest),
      checkpoint,
      knownSince,
      query.id,
    );
  }

  /** Stores since when a query's changes are known. Memory stays as it is. */
  storeKnownSince(query: LiveQuery, knownSince: number): void {
    this.#sql.run("UPDATE perdure_queries SET known_since = ? WHERE id = ?", knownSince, query.id);
  }
}

function fromRow(row: Row): LiveQuery {
  const { id, path, args, identity, checkpoint } = row;
  return {
    id,
    path,
    args,
    identity,
    knownSince: row.known_since,
    checkpoint,
    idleSince: row.idle_since,
    isTouched: row.touched !== 0,
    footprint: JSON.parse(row.footprint) as Footprint,
    listeners: 0,
  };
}

/** Keys and digests in turn; keys are JSON as they are. */
function digestText(digest: ResultDigest): string {
  return typeof digest === "number" ? `${digest}` : `[${[...digest].flat().join(",")}]`;
}

function digestFrom(text: string): ResultDigest {
  const stored = JSON.parse(text) as number | unknown[];
  if (typeof stored === "number") return stored;
  const digest = new Map<string, number>();
  for (let index = 0; index < stored.length; index += 2)
    digest.set(JSON.stringify(stored[index]), Number(stored[index + 1]));
  return digest;
}
