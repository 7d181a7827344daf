import { expect, test } from "vitest";
import { Bench, delta, MemorySpool } from "./relay-fakes.ts";

test("hello names the process, the spool and the first event that is still held", () => {
  const spool = new MemorySpool();
  spool.append(delta("a"));
  spool.append(delta("b"));
  spool.acknowledge(1);
  const bench = new Bench(spool);
  bench.connect();
  expect(bench.link.frames).toEqual([
    {
      t: "hello",
      v: 1,
      process: "process-1",
      spool: "spool-1",
      first: 2,
      agent: { name: "Fake agent" },
    },
  ]);
});

test("nothing but hello is sent before the welcome", () => {
  const spool = new MemorySpool();
  spool.append(delta("a"));
  const bench = new Bench(spool);
  bench.connect();
  bench.clock.advance(60_000);
  expect(bench.link.events).toEqual([]);
});

test("N27 a runner that gets no welcome within 10 s of opening a connection dials again", () => {
  const bench = new Bench();
  bench.connect();
  bench.clock.advance(9_999);
  expect(bench.link.redialled).toBeUndefined();
  bench.clock.advance(1);
  expect(bench.link.redialled).toBe("the session did not answer");
  bench.welcome(0);
  expect(bench.agent.starts).toEqual([]);
  bench.connect();
  bench.welcome(0);
  bench.clock.advance(60_000);
  expect(bench.link.redialled).toBeUndefined();
  expect(bench.agent.starts).toHaveLength(1);
});

test("N27 a connection that is lost before its welcome is not missed on the next one", () => {
  const bench = new Bench();
  bench.connect();
  bench.clock.advance(8_000);
  bench.relay.closed(1006, "");
  bench.connect();
  bench.clock.advance(8_000);
  expect(bench.link.redialled).toBeUndefined();
  bench.welcome(0);
  expect(bench.agent.starts).toHaveLength(1);
});

test("runner.started goes behind the backlog, and only once the agent is ready", async () => {
  const spool = new MemorySpool();
  spool.append(delta("old 1"));
  spool.append(delta("old 2"));
  const bench = new Bench(spool);
  bench.connect();
  bench.welcome(0, { agentSession: "from the log" });
  expect(bench.link.types).toEqual(["text-delta", "text-delta"]);
  expect(bench.agent.starts).toEqual([{ epoch: 7, agentSession: "from the log" }]);

  await bench.agentIsReady();
  expect(bench.link.events.at(-1)).toEqual({
    r: 3,
    event: {
      type: "runner.started",
      epoch: 7,
      agent: { name: "Fake agent" },
      restored: "new",
      agentSession: "agent-1",
      at: 1_000,
    },
  });
});

test("a process starts its agent once, however often it connects", async () => {
  const bench = new Bench();
  await bench.start();
  bench.connect();
  bench.welcome(1);
  expect(bench.agent.starts).toHaveLength(1);
  expect(bench.link.frames[0]).toMatchObject({ t: "hello", epoch: 7 });
  expect(bench.link.types).toEqual([]);
});
