import { expect, test } from "vitest";
import type { JsonObject } from "../../src/protocol/index.ts";
import type { MetaSchema } from "../../src/session/index.ts";
import { SessionWorld } from "../support/session-world.ts";

/** A schema by hand: a rating from 1 to 5, a language that is English where none is said, and nothing else. */
const SCHEMA: MetaSchema = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      const { rating, language = "en" } = value as Record<string, unknown>;
      if (rating !== undefined && !(Number(rating) >= 1 && Number(rating) <= 5))
        return { issues: [{ message: "must be 1 to 5", path: ["rating"] }] };
      return { value: { rating, language } };
    },
  },
};

async function checkedSession(schema: MetaSchema): Promise<SessionWorld> {
  const world = await SessionWorld.created();
  world.metaSchema = schema;
  return world;
}

test("D8 metadata that does not fit the schema is refused whole, by RPC and by command", async () => {
  const world = await checkedSession(SCHEMA);
  await expect(world.session.setMeta({ rating: 9, language: "de" }, "rpc")).rejects.toMatchObject({
    code: "bad_request",
    message: "The metadata does not fit its schema: rating: must be 1 to 5",
    extra: { issues: [{ path: ["rating"], message: "must be 1 to 5" }] },
  });
  const reply = await world.command("1", { op: "set-meta", patch: { rating: 9 } });
  expect(reply).toMatchObject({ ok: false, error: { code: "bad_request" } });
  expect(world.session.meta()).toEqual({});
  // Not a lasting refusal: another schema may take it.
  world.metaSchema = undefined;
  expect(await world.command("1", { op: "set-meta", patch: { rating: 9 } })).toMatchObject({
    ok: true,
  });
});

test("D8 what the schema fills is kept, and what it drops is not", async () => {
  const world = await checkedSession(SCHEMA);
  expect(await world.session.setMeta({ rating: 5, color: "red" }, "rpc")).toEqual({
    rating: 5,
    language: "en",
  });
  expect(await world.session.setMeta({ rating: null, language: "de" }, "rpc")).toEqual({
    language: "de",
  });
  world.evict();
  expect(world.session.meta()).toEqual({ language: "de" });
});

test("D8 what the schema fills in place of a key that was deleted is kept", async () => {
  const world = await checkedSession(SCHEMA);
  await world.session.setMeta({ language: "en" }, "rpc");
  expect(await world.session.setMeta({ language: null }, "rpc")).toEqual({ language: "en" });
});

test("C13 metadata is replaced in one step: what the new one has not is deleted", async () => {
  const world = await SessionWorld.created();
  await world.session.setMeta({ a: 1, b: 2 }, "rpc");
  const reader = await world.reader(null);
  const replace = (id: string, patch: JsonObject) =>
    world.command(id, { op: "set-meta", patch, replace: true });
  expect(await replace("1", { b: 3, c: null })).toMatchObject({ ok: true });
  expect(world.session.meta()).toEqual({ b: 3 });
  expect(world.events().at(-1)).toMatchObject({ patch: { a: null, b: 3 } });
  expect(reader.take()).toContainEqual(
    expect.objectContaining({ e: [expect.objectContaining({ type: "session.meta" })] }),
  );
  world.evict();
  expect(world.session.meta()).toEqual({ b: 3 });
  await replace("2", {});
  expect(world.session.meta()).toEqual({});
});

test("D8 the whole must fit after the change, not the change alone", async () => {
  const both: MetaSchema = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => {
        const { a, b } = value as Record<string, unknown>;
        return (a === undefined) === (b === undefined)
          ? { value }
          : { issues: [{ message: "a needs b" }] };
      },
    },
  };
  const world = await checkedSession(both);
  await expect(world.session.setMeta({ a: 1 }, "rpc")).rejects.toThrow("all of it: a needs b");
  await world.session.setMeta({ a: 1, b: 2 }, "rpc");
  await expect(world.session.setMeta({ b: null }, "rpc")).rejects.toThrow("a needs b");
  expect(await world.session.setMeta({ a: 3 }, "rpc")).toEqual({ a: 3, b: 2 });
});

test("D8 the first prompt makes a title only where the schema takes it", async () => {
  const untitled: MetaSchema = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) =>
        "title" in (value as object) ? { issues: [{ message: "no title" }] } : { value },
    },
  };
  const world = await checkedSession(untitled);
  expect(await world.prompt("p", "Hello there")).toMatchObject({ ok: true });
  expect(world.session.meta()).toEqual({});
});

test("D8 a schema that is asynchronous is an error, and changes nothing", async () => {
  const later: MetaSchema = {
    "~standard": { version: 1, vendor: "test", validate: async (value) => ({ value }) },
  };
  const world = await checkedSession(later);
  await expect(world.session.setMeta({ a: 1 }, "rpc")).rejects.toThrow("asynchronous");
  expect(world.session.meta()).toEqual({});
});
