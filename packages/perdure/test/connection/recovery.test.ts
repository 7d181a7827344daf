import { expect, test } from "vitest";
import { Sockets } from "../../src/connection/sockets.ts";
import {
  KEPT_AFTER_CLOSE_MS,
  MAX_KEPT_BYTES,
  MAX_KEPT_EVENTS,
  PROTOCOL_VERSION,
} from "../../src/protocol/index.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeLink } from "../support/fake-link.ts";

function open() {
  const clock = new FakeClock();
  const links: FakeLink[] = [];
  const sockets = new Sockets(() => links.filter((link) => link.closed === undefined), clock);
  /** Without a client nobody has said hello on it. */
  const connect = (id: string, client = "client"): FakeLink => {
    const link = new FakeLink({
      id,
      kind: "connection",
      role: "participant",
      subject: "ada",
      expiresAt: null,
      connectedAt: 0,
      kept: client === "" ? {} : { client },
    });
    links.push(link);
    return link;
  };
  const close = (link: FakeLink, isComplete = true): void => {
    link.close(1006, "");
    sockets.closed(link, isComplete);
  };
  const resume = (link: FakeLink, socket: string, received: number) =>
    sockets.resume(link, {
      t: "hello",
      v: PROTOCOL_VERSION,
      client: "client",
      resume: { socket, received },
    });
  return { clock, sockets, connect, close, resume, links };
}

test("E61 what was sent on a connection is kept for two minutes after its close", () => {
  const { clock, sockets, connect, close, resume } = open();
  const first = connect("first");
  sockets.broadcast("one");
  close(first);
  clock.advance(KEPT_AFTER_CLOSE_MS);
  const second = connect("second");
  expect(resume(second, "first", 0)).toEqual(["one"]);
  close(second);
  clock.advance(KEPT_AFTER_CLOSE_MS + 1);
  expect(resume(connect("third"), "second", 0)).toBeNull();
});

test("E61 as many events are kept as are said, and as many bytes", () => {
  for (const [frame, kept] of [
    ["x", MAX_KEPT_EVENTS],
    ["x".repeat(MAX_KEPT_BYTES / 4), 4],
  ] as const) {
    const { sockets, connect, resume } = open();
    connect("first");
    for (let count = 0; count <= kept; count += 1) sockets.broadcast(frame);
    expect(resume(connect("second"), "first", 0)).toBeNull();
    connect("third");
    for (let count = 0; count < kept; count += 1) sockets.broadcast(frame);
    expect(resume(connect("fourth"), "third", 0)).toHaveLength(kept);
  }
});

test("E61 of a connection that was in a room nothing is known after its close", () => {
  const { sockets, connect, close, resume } = open();
  const first = connect("first");
  sockets.broadcast("one");
  close(first, false);
  expect(resume(connect("second"), "first", 0)).toBeNull();
});

test("E60 what came on both connections while both were open is not sent again", () => {
  const { sockets, connect, resume } = open();
  const first = connect("first");
  sockets.send(first, "to the first alone");
  const second = connect("second");
  sockets.broadcast("to both");
  sockets.send(first, "to both");
  expect(resume(second, "first", 0)).toEqual(["to the first alone", "to both"]);
});

test("E60 a connection is resumed once", () => {
  const { sockets, connect, resume } = open();
  const first = connect("first");
  sockets.broadcast("one");
  expect(resume(connect("second"), "first", 0)).toEqual(["one"]);
  expect(first.closed?.code).toBe(4000);
  expect(resume(connect("third"), "first", 0)).toBeNull();
});

test("E61 events before the hello count as well", () => {
  const { sockets, connect, close, resume } = open();
  const first = connect("first", "");
  sockets.broadcast("one");
  sockets.begin(first, "client");
  sockets.broadcast("two");
  close(first);
  expect(resume(connect("second"), "first", 1)).toEqual(["two"]);
});

test("E61 what an earlier memory has sent before the hello is not known", () => {
  const { sockets, connect, links, clock } = open();
  const first = connect("first", "");
  sockets.broadcast("one");
  const later = new Sockets(() => links, clock);
  later.begin(first, "client");
  later.broadcast("two");
  const hello = { t: "hello", v: PROTOCOL_VERSION, client: "client" } as const;
  const resume = { socket: "first", received: 0 };
  expect(later.resume(connect("second"), { ...hello, resume })).toBeNull();
});

test("E61 a socket that sends an event before it says hello is not resumed, and costs no memory", () => {
  const { sockets, connect, close, resume } = open();
  const first = connect("first", "");
  sockets.spoke(first);
  sockets.broadcast("one");
  expect(first.attachment.kept).not.toHaveProperty("sent");
  sockets.begin(first, "client");
  close(first);
  expect(resume(connect("second"), "first", 0)).toBeNull();
});
