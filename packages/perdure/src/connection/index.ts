/** Connections: one object per user, with state that persists itself, and rooms. */

export * from "./rpc.ts";
