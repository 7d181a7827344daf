/** The limits that the guide names, each reached. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { MAX_STATE_VALUE_BYTES } from "../../src/connection/index.ts";

const inStorage = <T>(name: string, work: (storage: DurableObjectStorage) => T | Promise<T>) =>
  runInDurableObject(env.COUNTER.getByName(name), (_object, { storage }) => work(storage));

const refusal = (work: () => unknown): Promise<unknown> =>
  Promise.resolve()
    .then(work)
    .then(
      () => "taken",
      (error: unknown) => String(error),
    );

test("one machine takes what Cloudflare's network takes; far more is refused and leaves nothing", () =>
  inStorage("limit of values", async (storage) => {
    storage.sql.exec("CREATE TABLE IF NOT EXISTS files (body BLOB)");
    const largest = new Uint8Array(MAX_STATE_VALUE_BYTES - 100);
    const tooLarge = new Uint8Array(16 * 1024 * 1024);
    const ways = [
      (value: Uint8Array<ArrayBuffer>) => storage.put("put", value),
      (value: Uint8Array<ArrayBuffer>) => storage.kv.put("kv", value),
      (value: Uint8Array<ArrayBuffer>) =>
        storage.sql.exec("INSERT INTO files VALUES (?)", value.buffer),
    ];
    for (const way of ways) {
      expect(await refusal(() => way(largest))).toBe("taken");
      expect(await refusal(() => way(tooLarge))).toContain("string or blob too big: SQLITE_TOOBIG");
    }
    expect((await storage.get<Uint8Array>("put"))?.byteLength).toBe(largest.byteLength);
    expect(storage.sql.exec("SELECT count(*) AS files FROM files").one()).toEqual({ files: 1 });
  }));

test.for([
  [
    "101 bound values",
    () => `SELECT ${Array.from({ length: 101 }, () => "?").join()}`,
    101,
    "too many SQL variables",
  ],
  [
    "101 columns",
    () => `CREATE TABLE wide (${Array.from({ length: 101 }, (_, n) => `c${n}`).join()})`,
    0,
    "too many columns",
  ],
  [
    "a statement of more than 100 KB",
    () => `SELECT '${"x".repeat(100_000)}'`,
    0,
    "statement too long",
  ],
] as const)("SQL refuses %s", ([, query, values, why]) =>
  inStorage("limit of statements", async ({ sql }) => {
    const bindings = Array.from({ length: values }, () => 1);
    expect(await refusal(() => sql.exec(query(), ...bindings))).toContain(why);
  }),
);

test("what is kept with a socket has at most 16,384 bytes", () =>
  inStorage("limit of attachments", async () => {
    const { 0: client, 1: server } = new WebSocketPair();
    server.serializeAttachment("x".repeat(16_000));
    expect(await refusal(() => server.serializeAttachment("x".repeat(16_385)))).toContain("16384");
    client.accept();
  }));
