/** Frames and events as the object sends them, with what a test does not care about filled in. */

import type {
  Role,
  RunnerPresence,
  ServerFrame,
  SessionEvent,
  Snapshot,
  WireEvent,
} from "../../src/protocol/index.ts";

export const created: SessionEvent = { type: "session.created", by: "ann", at: 1 };

export const textStart: SessionEvent = { type: "text-start", id: "t" };

export const delta = (text: string): SessionEvent => ({ type: "text-delta", id: "t", delta: text });

/** Deltas that were merged. */
export const run = (...texts: string[]): WireEvent => ({
  type: "text-delta",
  id: "t",
  delta: texts.join(""),
  splits: texts.map((text) => text.length),
});

export const meta = (key: string, value: unknown): SessionEvent => ({
  type: "session.meta",
  patch: { [key]: value },
  by: "ann",
  at: 2,
});

export const queued = (turn: string, text = turn): SessionEvent => ({
  type: "turn.queued",
  turn,
  by: "ann",
  message: { id: turn, role: "user", parts: [{ type: "text", text }] },
  at: 3,
});

export const welcome = (d: number, i = "one", role: Role = "participant"): ServerFrame => ({
  t: "welcome",
  v: 1,
  i,
  session: "s",
  subject: "ann",
  role,
  d,
  floor: 0,
  now: 0,
});

export const events = (p: number, e: readonly WireEvent[], d: number, i = "one"): ServerFrame => ({
  t: "events",
  i,
  p,
  d,
  e,
});

export const head = (d: number, i = "one"): ServerFrame => ({ t: "head", i, d });

export const live = (d: number, i = "one", runner: RunnerPresence | null = null): ServerFrame => ({
  t: "live",
  i,
  d,
  runner,
});

export const reply = (id: string, position = 1, i = "one"): ServerFrame => ({
  t: "reply",
  i,
  id,
  reply: { ok: true, result: { turn: id, position } },
});

export const snapshotAt = (position: number, hasEarlier = false): Snapshot => ({
  position,
  lifecycle: "active",
  paused: undefined,
  createdBy: "ann",
  createdAt: 1,
  time: 1,
  meta: { at: position },
  messages: [],
  hasEarlier,
  turns: [],
  tasks: [],
  runner: undefined,
  lastOutcome: undefined,
});

export const snapshot = (
  position: number,
  why: "fresh" | "reset" = "fresh",
  i = "one",
): ServerFrame => ({ t: "snapshot", i, why, snapshot: snapshotAt(position, position > 1) });
