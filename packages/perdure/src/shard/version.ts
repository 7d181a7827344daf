import type { Sql } from "../object/index.ts";
import { digestOf } from "../object/index.ts";
import type { ShardFunctions } from "./shard-functions.ts";

/** What a shard finds when its memory is new. */
export interface Prepared {
  /** Of its digests: chosen once, and told nobody. */
  readonly seed: number;
  /** Of this storage: chosen once. */
  readonly history: string;
  /** Whether functions or the schema are not what live queries were last run with. */
  readonly isChanged: boolean;
}

/** Looks whether code and schema are still those of the memory before, and notes them. It writes only where they are not. */
export function prepared(sql: Sql, functions: ShardFunctions, version: string): Prepared {
  const rows = sql.run<{ name: string; value: string }>("SELECT name, value FROM perdure_shard");
  const stored = new Map(rows.map(({ name, value }) => [name, value]));
  const put = (name: string, value: string) => {
    sql.run("INSERT OR REPLACE INTO perdure_shard (name, value) VALUES (?, ?)", name, value);
    return value;
  };
  const seed =
    stored.get("seed") ?? put("seed", `${crypto.getRandomValues(new Uint32Array(1))[0] ?? 0}`);
  const history = stored.get("history") ?? put("history", crypto.randomUUID());
  const before = stored.get("version");
  const now = versionOf(sql, functions, version);
  if (before !== now) put("version", now);
  return { seed: Number(seed), history, isChanged: before !== undefined && before !== now };
}

function versionOf(sql: Sql, { queries }: ShardFunctions, version: string): string {
  const texts = Object.entries(queries).map(([name, { key, isShared, run }]) => [
    name,
    key,
    isShared,
    String(run),
  ]);
  // The platform makes tables of its own when it needs them, such as one with the first alarm: they change no answer.
  const schema = sql.run<{ sql: string | null }>(
    "SELECT sql FROM sqlite_schema WHERE tbl_name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY rowid",
  );
  return digestOf(JSON.stringify([version, texts, schema]));
}
