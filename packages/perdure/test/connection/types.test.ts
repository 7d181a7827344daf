import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { ConnectionContext, ConnectionMeta, Emission } from "../../src/connection/index.ts";
import { defineConnection, defineContract } from "../../src/connection/index.ts";

interface Meta {
  userId: string;
  clientId: string;
  channels: string[];
}

interface State {
  count: number;
  theme?: string;
}

interface Env {
  SECRET: string;
}

test("a definition needs nothing, and has its defaults", () => {
  const definition = defineConnection();
  expect(definition).toMatchObject({
    name: "UserConnection",
    websocketPath: "/ws",
    connectionBinding: "UserConnection",
  });
  expect(defineConnection({ name: "Chat" }).connectionBinding).toBe("Chat");
});

test("state, meta and bindings are typed by an interface, and data by its handler", () => {
  const definition = defineConnection<Meta, Env, State>({
    state: { count: 0 },
    persistedKeys: ["count", "theme"],
    onConnect(ctx) {
      expectTypeOf(ctx).toEqualTypeOf<ConnectionContext<Meta, Env, State>>();
      expectTypeOf(ctx.env.SECRET).toBeString();
      expectTypeOf(ctx.emit.emit("any", { any: 1 })).toEqualTypeOf<Emission>();
    },
  });
  definition.on<{ text: string }>("typed", (ctx, data) => {
    expectTypeOf(ctx.state.count).toBeNumber();
    expectTypeOf(data.text).toBeString();
  });
  definition.on("untyped", (_ctx, data) => {
    expectTypeOf(data).toBeAny();
  });
  // @ts-expect-error: not a key of the state.
  defineConnection<Meta, Env, State>({ state: { count: 0 }, persistedKeys: ["other"] });
  // @ts-expect-error: a key that is not optional is missing.
  defineConnection<Meta, Env, State>({ state: {} });
  // @ts-expect-error: without keys nothing is stored, so nothing can be said of how.
  defineConnection<Meta, Env, State>({ state: { count: 0 }, persistOptions: { shallow: false } });
  expect(definition.handlersOf("typed")).toHaveLength(1);
});

test("the type of the state is that of its initial values where none is given", () => {
  const definition = defineConnection({ state: { count: 0 }, persistedKeys: ["count"] });
  definition.on("add", (ctx) => {
    expectTypeOf(ctx.state).toEqualTypeOf<{ count: number }>();
    expectTypeOf(ctx.meta).toEqualTypeOf<ConnectionMeta>();
  });
  expect(definition.options.persistedKeys).toEqual(["count"]);
});

test("with a contract, names and data are those of the contract", () => {
  const contract = defineContract({
    serverEvents: { said: z.object({ text: z.string() }) },
    clientEvents: { at: z.coerce.date() },
  });
  const definition = defineConnection({ contract });
  definition.on("at", (ctx, data) => {
    expectTypeOf(data).toEqualTypeOf<Date>();
    ctx.emit.toRoom("chat").emit("said", { text: "hello" });
    // @ts-expect-error: the contract has no such event.
    ctx.emit.emit("other", {});
    // @ts-expect-error: the data does not fit.
    ctx.emit.emit("said", { text: 1 });
  });
  // @ts-expect-error: the contract has no such event.
  definition.on("other", () => {});
  expect(definition.handlersOf("at")).toHaveLength(1);
});
