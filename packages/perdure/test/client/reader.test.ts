import { expect, test } from "vitest";
import type { ReaderEffect } from "../../src/client/index.ts";
import { Reader } from "../../src/client/index.ts";
import type { ServerFrame } from "../../src/protocol/index.ts";
import { textOf } from "../../src/protocol/index.ts";
import {
  created,
  delta,
  events,
  head,
  live,
  meta,
  reply,
  run,
  snapshot,
  textStart,
  welcome,
} from "./frames.ts";

const hello = (after: number | null) => ({ kind: "hello", frame: { t: "hello", v: 1, after } });

function take(reader: Reader, ...frames: (ServerFrame | string)[]): ReaderEffect[] {
  return frames.flatMap((frame) => reader.onFrame(JSON.stringify(frame)));
}

/** A reader that is live, with the session created and `text` begun, all durable. */
function liveReader(): Reader {
  const reader = new Reader(0);
  reader.onConnect();
  take(reader, welcome(2), events(1, [created, textStart], 2), live(2));
  return reader;
}

const shownText = (reader: Reader) => {
  const open = reader.view.session?.open;
  return open === undefined ? undefined : textOf(open.message);
};

const positionsOf = (effects: readonly ReaderEffect[]) =>
  effects.flatMap((effect) => (effect.kind === "event" ? [effect.position] : []));

test("a reader that holds nothing asks for a snapshot, and later for what follows its cursor", () => {
  const reader = new Reader();
  expect(reader.onConnect()).toEqual({ t: "hello", v: 1, after: null });
  take(reader, welcome(7), snapshot(5), events(6, [meta("a", 1), meta("b", 2)], 7), live(7));
  expect(reader.onConnect()).toEqual({ t: "hello", v: 1, after: 7 });
});

test("a reader that begins at a position asks for what follows it", () => {
  expect(new Reader(12).onConnect()).toEqual({ t: "hello", v: 1, after: 12 });
});

test("there is no session before the first welcome, and with a snapshot not before that", () => {
  const reader = new Reader();
  reader.onConnect();
  expect(reader.view.session).toBeUndefined();
  take(reader, welcome(5));
  expect(reader.view).toMatchObject({ role: "participant", session: undefined, cursor: 0 });
  take(reader, snapshot(5));
  expect(reader.view).toMatchObject({ cursor: 5, hasEarlier: true, session: { meta: { at: 5 } } });
});

test("events past the durable head are shown, and told of only once they are durable", () => {
  const reader = liveReader();
  expect(take(reader, events(3, [delta("He"), delta("llo")], 2))).toEqual([]);
  expect(shownText(reader)).toBe("Hello");
  expect(reader.view.cursor).toBe(2);
  expect(take(reader, head(3))).toEqual([{ kind: "event", event: delta("He"), position: 3 }]);
  expect(reader.view.cursor).toBe(3);
  expect(take(reader, head(4))).toEqual([{ kind: "event", event: delta("llo"), position: 4 }]);
});

test("the durable head of an events frame counts as far as its events reach", () => {
  const reader = new Reader(0);
  reader.onConnect();
  take(reader, welcome(900));
  expect(positionsOf(take(reader, events(1, [created, textStart], 900)))).toEqual([1, 2]);
  expect(reader.view).toMatchObject({ cursor: 2, isLive: false });
});

test("a bare string is the next delta of the run that the last events frame ended with", () => {
  const reader = liveReader();
  take(reader, events(3, [delta("a")], 2), "b", head(3), "c");
  expect(shownText(reader)).toBe("abc");
  expect(positionsOf(take(reader, head(5)))).toEqual([4, 5]);
});

test("a bare string after an events frame that ended otherwise resynchronizes", () => {
  const reader = liveReader();
  expect(take(reader, events(3, [delta("a"), meta("x", 1)], 2), "b")).toEqual([hello(2)]);
});

test("a run is told of delta by delta", () => {
  const reader = liveReader();
  expect(take(reader, events(3, [run("a", "bc", "d")], 5))).toEqual([
    { kind: "event", event: delta("a"), position: 3 },
    { kind: "event", event: delta("bc"), position: 4 },
    { kind: "event", event: delta("d"), position: 5 },
  ]);
});

test("what is already held is passed over, also where a run begins before the cursor", () => {
  const reader = liveReader();
  take(reader, events(3, [run("a", "b")], 4));
  expect(take(reader, events(1, [created, textStart], 4), events(3, [delta("a")], 4))).toEqual([]);
  expect(positionsOf(take(reader, events(3, [run("a", "b", "c", "d")], 6)))).toEqual([5, 6]);
  expect(shownText(reader)).toBe("abcd");
});

test("bare strings after a repeated run are repeated too, until they reach what is new", () => {
  const reader = liveReader();
  take(reader, events(3, [run("a", "b", "c")], 5));
  take(reader, events(3, [delta("a")], 5), "b", "c", "d");
  expect(shownText(reader)).toBe("abcd");
  expect(reader.onConnect()).toMatchObject({ after: 5 });
});

test("a gap resynchronizes once, on the same connection, and nothing is taken until the answer", () => {
  const reader = liveReader();
  expect(take(reader, events(4, [delta("b")], 2))).toEqual([hello(2)]);
  expect(take(reader, events(5, [delta("c")], 2), "d", head(6))).toEqual([]);
  expect(reader.view.isLive).toBe(false);
  take(reader, welcome(2), events(3, [run("a", "b", "c")], 2), live(2));
  expect(shownText(reader)).toBe("abc");
  expect(reader.view).toMatchObject({ isLive: true, cursor: 2 });
});

test("a durable head past all that a live reader was sent resynchronizes", () => {
  const reader = liveReader();
  expect(take(reader, head(3))).toEqual([hello(2)]);
});

test("a frame that cannot be read is reported and resynchronizes", () => {
  const reader = liveReader();
  const effects = reader.onFrame("{");
  expect(effects).toMatchObject([
    { kind: "problem", problem: { code: "bad_frame" }, id: undefined },
    hello(2),
  ]);
});

test("frames that cannot be read ask once for what they may have held", () => {
  const reader = liveReader();
  const kinds = ["{", "[]", "1"].flatMap((text) => reader.onFrame(text)).map(({ kind }) => kind);
  expect(kinds).toEqual(["problem", "hello", "problem", "problem"]);
});

test("a new incarnation in the middle of a catch-up knows nothing of it, and is told", () => {
  const reader = new Reader(0);
  reader.onConnect();
  take(reader, welcome(2), events(1, [created], 2));
  expect(take(reader, events(2, [textStart], 2, "two"))).toEqual([hello(1)]);
});

test("a frame of an unknown kind is passed over", () => {
  const reader = liveReader();
  const { view } = reader;
  expect(reader.onFrame('{"t":"weather","i":"two","sun":true}')).toEqual([]);
  expect(reader.view).toEqual(view);
});

test("an event of an unknown kind takes its position and nothing else", () => {
  const reader = liveReader();
  const future = { type: "session.moved", to: "mars", at: 9 } as never;
  take(reader, events(3, [future, meta("x", 1)], 4));
  expect(reader.view).toMatchObject({
    cursor: 4,
    session: { lifecycle: "active", meta: { x: 1 } },
  });
});

test("a new incarnation that goes on right after the cursor replaces the lost tail", () => {
  const reader = liveReader();
  take(reader, events(3, [delta("lost")], 2));
  expect(take(reader, events(3, [delta("kept")], 2, "two"))).toEqual([]);
  expect(shownText(reader)).toBe("kept");
  expect(take(reader, head(3, "two"))).toEqual([
    { kind: "event", event: delta("kept"), position: 3 },
  ]);
});

test("a new incarnation that reuses later positions of a lost tail is not taken for a duplicate", () => {
  const reader = liveReader();
  take(reader, events(3, [delta("a"), delta("b")], 2));
  expect(take(reader, events(4, [delta("other")], 3, "two"))).toEqual([hello(2)]);
  take(reader, welcome(3, "two"), events(3, [delta("x"), delta("other")], 3, "two"));
  take(reader, live(3, "two"));
  expect(shownText(reader)).toBe("xother");
});

test.each([
  ["head", head(2, "two")],
  ["runner", { t: "runner", i: "two", runner: null } as const],
  ["reply", reply("c1", 1, "two")],
])("a new incarnation that shows in a frame of kind %s resynchronizes", (_kind, frame) => {
  const reader = liveReader();
  take(reader, events(3, [delta("lost")], 2));
  expect(take(reader, frame)).toContainEqual(hello(2));
});

test("a bare string of a new incarnation has no run to go on from", () => {
  const reader = liveReader();
  take(reader, events(3, [delta("a")], 2), events(3, [meta("x", 1)], 3, "two"));
  expect(take(reader, "b")).toEqual([hello(3)]);
});

test("after a new connection the tail is asked for again and keeps no event of the old one", () => {
  const reader = liveReader();
  take(reader, events(3, [delta("old"), delta("older")], 2));
  expect(reader.onConnect()).toMatchObject({ after: 2 });
  take(reader, welcome(2, "two"), events(3, [delta("new")], 2, "two"), live(2, "two"));
  expect(shownText(reader)).toBe("new");
});

test("R24 what was shown stays until its producer has sent it again, also where that is after `live`", () => {
  const reader = liveReader();
  take(reader, events(3, [delta("a"), delta("b"), delta("c")], 2));
  reader.onConnect();
  take(reader, welcome(2, "two"));
  expect(shownText(reader)).toBe("abc");
  take(reader, live(2, "two"));
  expect(shownText(reader)).toBe("abc");
  take(reader, events(3, [meta("x", 1)], 3, "two"));
  expect(reader.view.session?.meta).toEqual({ x: 1 });
  expect(shownText(reader)).toBe("abc");
  take(reader, events(4, [delta("a")], 3, "two"), "b");
  expect(shownText(reader)).toBe("abc");
  take(reader, "c", "d");
  expect(shownText(reader)).toBe("abcd");
});

test.each([
  [
    "a new process has started",
    { type: "runner.started", epoch: 2, agent: { name: "a" }, restored: "new", at: 1 },
  ],
  [
    "the session is terminated",
    { type: "session.lifecycle", state: "terminated", by: "ann", at: 1 },
  ],
] as const)("R24 what was shown goes when %s: nobody holds it any more", (_why, event) => {
  const reader = liveReader();
  take(reader, events(3, [delta("a")], 2), head(2, "two"));
  take(reader, welcome(2, "two"), live(2, "two"));
  expect(shownText(reader)).toBe("a");
  take(reader, events(3, [event], 3, "two"));
  expect(shownText(reader) ?? "").toBe("");
});

test("text of a tail that was lost does not come back with a later connection", () => {
  const reader = liveReader();
  take(reader, events(3, [delta("x"), delta("y"), delta("z")], 2));
  take(reader, events(3, [delta("a")], 2, "two"));
  reader.onConnect();
  expect(shownText(reader)).toBe("a");
  take(reader, welcome(2, "two"));
  expect(shownText(reader)).toBe("a");
});

test("R19 a bare delta that was lost on an open link makes none of those after it durable at a wrong position", () => {
  const reader = liveReader();
  take(reader, events(3, [delta("1")], 2), "2", "4");
  expect(take(reader, head(6))).toEqual([hello(2)]);
  const missed = ["1", "2", "3", "4"].map((text) => delta(text));
  const effects = take(reader, welcome(6), events(3, missed, 6), live(6));
  expect(effects).toEqual(
    missed.map((event, index) => ({ kind: "event", event, position: 3 + index })),
  );
  expect(shownText(reader)).toBe("1234");
});

test("frames before the welcome of a connection are passed over, replies and errors are not", () => {
  const reader = liveReader();
  reader.onConnect();
  expect(take(reader, events(3, [delta("a")], 3), head(3), live(3))).toEqual([]);
  expect(take(reader, reply("c1"))).toMatchObject([{ kind: "reply", id: "c1" }]);
  const error = { code: "rate_limited", detail: "Wait." } as const;
  expect(take(reader, { t: "error", i: "one", error, id: "c2" })).toEqual([
    { kind: "problem", problem: error, id: "c2" },
  ]);
  expect(reader.view).toMatchObject({ cursor: 2, isLive: false });
});

test("a snapshot replaces all, and a reset is told of", () => {
  const reader = liveReader();
  take(reader, events(3, [delta("a")], 2));
  reader.onConnect();
  const effects = take(reader, welcome(90), snapshot(80, "reset"), events(81, [meta("x", 1)], 81));
  expect(effects).toMatchObject([
    { kind: "reset", snapshot: { position: 80 } },
    { kind: "event", position: 81 },
  ]);
  expect(reader.view).toMatchObject({ cursor: 81, hasEarlier: true, session: { meta: { x: 1 } } });
  expect(reader.view.session?.open).toBeUndefined();
});

test("a reset may lead back: the cursor was past the head", () => {
  const reader = new Reader(500);
  reader.onConnect();
  take(reader, welcome(4), snapshot(3, "reset"), events(4, [meta("x", 1)], 4), live(4));
  expect(reader.view).toMatchObject({ cursor: 4, isLive: true, session: { position: 4 } });
});

test("the runner's presence is as the last frame says", () => {
  const reader = liveReader();
  const runner = { epoch: 3, agent: { name: "demo" }, since: 5 };
  take(reader, { t: "runner", i: "one", runner });
  expect(reader.view.runner).toEqual(runner);
  take(reader, { t: "runner", i: "one", runner: null });
  expect(reader.view.runner).toBeNull();
});

test("a state that was handed out does not change", () => {
  const reader = liveReader();
  take(reader, events(3, [delta("a")], 2));
  const before = reader.view;
  const copy = structuredClone(before);
  take(reader, "b", head(4), events(5, [meta("x", 1)], 5));
  expect(before).toEqual(copy);
});
