/** The document's snippets on shallow and deep tracking, and on errors. */

import { createConnectionHandler, defineConnection } from "../../../src/connection/index.ts";
import type { Meta } from "./meta.ts";
import { metaFromQuery } from "./meta.ts";

interface ShallowState {
  theme: string;
  preferences: { fontSize: number; density: string };
}

export const shallow = defineConnection<Meta, object, ShallowState>({
  connectionBinding: "Shallow",
  websocketPath: "/shallow",
  state: { theme: "dark", preferences: { fontSize: 12, density: "cosy" } },
  persistedKeys: ["theme", "preferences"],
  extractMeta: metaFromQuery,
  onConnect(ctx) {
    ctx.emit.emit("state", ctx.state);
  },
});
shallow.on("assign", (ctx) => {
  ctx.state.theme = "light";
});
shallow.on("mutate", (ctx) => {
  ctx.state.preferences.fontSize = 16;
});
shallow.on("reassign", (ctx) => {
  ctx.state.preferences = { ...ctx.state.preferences, fontSize: 16 };
});
export const Shallow = createConnectionHandler(shallow);

interface DeepState {
  nested: { count: number };
}

export const deep = defineConnection<Meta, object, DeepState>({
  connectionBinding: "Deep",
  websocketPath: "/deep",
  state: { nested: { count: 0 } },
  persistedKeys: ["nested"],
  persistOptions: { shallow: false },
  extractMeta: metaFromQuery,
  onConnect(ctx) {
    ctx.emit.emit("state", ctx.state);
  },
});
deep.on("count", (ctx) => {
  ctx.state.nested.count++;
});
export const Deep = createConnectionHandler(deep);

interface CounterState {
  counter: unknown;
}

const told: string[] = [];

export const lenient = defineConnection<Meta, object, CounterState>({
  connectionBinding: "Lenient",
  websocketPath: "/lenient",
  state: { counter: 0 },
  persistedKeys: ["counter"],
  persistOptions: { throwOnError: false },
  onPersistError(key, error) {
    told.push(`Failed to persist "${key}": ${error.message}`);
  },
  extractMeta: metaFromQuery,
});
lenient.on("count", (ctx) => {
  ctx.state.counter = 1;
  ctx.state.counter = () => "no value";
  ctx.emit.emit("counted", ctx.state.counter);
});
lenient.on("told", (ctx) => {
  ctx.emit.emit("told", told);
});
export const Lenient = createConnectionHandler(lenient);

export const strict = defineConnection<Meta, object, CounterState>({
  connectionBinding: "Strict",
  websocketPath: "/strict",
  state: { counter: 0 },
  persistedKeys: ["counter"],
  extractMeta: metaFromQuery,
});
strict.on("count", (ctx) => {
  ctx.state.counter = 1;
  try {
    ctx.state.counter = () => "no value";
  } catch (error) {
    ctx.emit.emit("caught", { name: (error as Error).name, counter: ctx.state.counter });
  }
});
export const Strict = createConnectionHandler(strict);
