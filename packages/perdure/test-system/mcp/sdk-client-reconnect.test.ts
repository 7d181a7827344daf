import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { CutProxy } from "../../../cli/test-system/support/cut-proxy.ts";
import { until } from "../../../cli/test-system/support/until.ts";
import { WATCHED } from "./fixture/client-tools.ts";
import { OfficialClient, textOf } from "./support/client.ts";
import { Workerd } from "./support/workerd.ts";

const URIS = Array.from({ length: WATCHED }, (_, n) => `test://watched/${n}`);

let server: Workerd;

beforeAll(async () => {
  server = await Workerd.start("fixture-worker");
});

afterAll(async () => {
  await server?.stop();
});

async function connect(url = server.url, session?: string): Promise<OfficialClient> {
  const client = await OfficialClient.connect(url, session === undefined ? {} : { session });
  onTestFinished(() => client.leave());
  return client;
}

/** A client behind a stretch of network that can break. */
async function connectThroughProxy() {
  const proxy = await CutProxy.open();
  onTestFinished(() => proxy.close());
  const port = Number(new URL(server.url).port);
  proxy.leadTo(port);
  return {
    client: await connect(proxy.url),
    cutOff: () => proxy.cutOff(),
    mend: () => proxy.leadTo(port),
    cut: () => proxy.cut(),
  };
}

async function follow({ client }: OfficialClient): Promise<void> {
  for (const uri of URIS) await client.subscribeResource({ uri });
}

async function change(maker: OfficialClient, uris: readonly string[]): Promise<void> {
  for (const uri of uris) await maker.call("change_resource", { uri });
}

test("F221 a client whose link broke gets what it missed, once and in order, and goes on", async () => {
  const { client, cutOff, mend } = await connectThroughProxy();
  const maker = await connect();
  await follow(client);
  await change(maker, URIS.slice(0, 3));
  await until("it hears of the first", () => client.updated.length >= 3);
  cutOff();
  await change(maker, URIS.slice(3, 7));
  mend();
  await until("it hears of what it missed", () => client.updated.length >= 7);
  await change(maker, URIS.slice(7));
  await until("it hears of the rest", () => client.updated.length >= URIS.length);
  expect(client.updated).toEqual(URIS);
});

test("F222 a client that was away as a whole process is comes back to its session, and gets what it missed", async () => {
  const before = await connect();
  const maker = await connect();
  await follow(before);
  await change(maker, URIS.slice(0, 3));
  await until("it hears of the first", () => before.updated.length >= 3);
  const { session, lastEventId } = before;
  await before.leave();
  await change(maker, URIS.slice(3));
  const after = await connect(server.url, session);
  await after.transport.resumeStream(lastEventId);
  await until("it hears of what it missed", () => after.updated.length >= URIS.length - 3);
  expect(after.updated).toEqual(URIS.slice(3));
});

test("F223 a call whose link breaks ends with its answer, and all it told arrives once", async () => {
  const { client, cut } = await connectThroughProxy();
  const seen: number[] = [];
  const answer = await client.client.callTool(
    { name: "wait", arguments: { steps: 20, everyMs: 50 } },
    undefined,
    {
      onprogress: ({ progress }) => {
        seen.push(progress);
        if (progress === 5 || progress === 10) cut();
      },
    },
  );
  expect(textOf(answer)).toBe("Waited.");
  expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
});

test("F224 after SIGKILL of workerd nothing that was told is lost or told again, and the session goes on", async () => {
  const client = await connect();
  const maker = await connect();
  await follow(client);
  await client.client.setLoggingLevel("error");
  await change(maker, URIS.slice(0, 3));
  await until("it hears of the first", () => client.updated.length >= 3);

  await server.kill();
  await server.restart();
  // By a session that was there before, too: its id and its rights are stored.
  await change(maker, URIS.slice(3, 7));
  await until("it hears of more", () => client.updated.length >= 7);

  await server.kill();
  await until("it notices", () => client.requests.at(-1) === "GET failed");
  await server.restart();
  await change(maker, URIS.slice(7));
  await until("it hears of the rest", () => client.updated.length >= URIS.length);
  expect(client.updated).toEqual(URIS);

  await client.call("log", { level: "warning", line: "warning" });
  await client.call("log", { level: "error", line: "error" });
  expect(client.logged).toEqual(["error"]);
});

test("F225 what was told and not yet read when workerd was killed is read afterwards", async () => {
  const { client, cutOff, mend } = await connectThroughProxy();
  const maker = await connect();
  await follow(client);
  cutOff();
  await change(maker, URIS);
  await server.kill();
  await server.restart();
  mend();
  await until("it hears of what it missed", () => client.updated.length >= URIS.length);
  expect(client.updated).toEqual(URIS);
});

test("F226 a call that was running when workerd was killed fails with an error that says so; it does not hang", async () => {
  const client = await connect();
  const seen: number[] = [];
  const call = client.client.callTool(
    { name: "wait", arguments: { steps: 1_000, everyMs: 50 } },
    undefined,
    { onprogress: ({ progress }) => seen.push(progress), timeout: 60_000 },
  );
  const failure = call.then(
    () => undefined,
    (error: Error) => error,
  );
  await until("it runs", () => seen.length >= 3);
  await server.kill();
  await server.restart();
  expect(await failure).toMatchObject({
    message: expect.stringMatching(/ended|restart|lost|gone/i),
  });
  expect(String(await failure)).not.toContain("timed out");
  expect(seen).toEqual(Array.from({ length: seen.length }, (_, n) => n + 1));
  expect(await client.call("test_simple_text")).toContain("simple text");
});
