import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { signWebhook } from "perdure/protocol";
import { placesOf, startGateway } from "../src/gateway/gateway.ts";
import { readRunning } from "../src/gateway/running-record.ts";

const SECRET = "a secret of more than thirty-two bytes";

/** In place of `perdure`: writes down how it was started, and stays. */
const PROGRAM = `
import { renameSync, writeFileSync } from "node:fs";
const file = process.env.GATEWAY_TEST_NOTE;
writeFileSync(file + ".draft", JSON.stringify({ argv: process.argv.slice(2), secret: process.env.PERDURE_GATEWAY_SECRET ?? null }));
renameSync(file + ".draft", file);
setInterval(() => {}, 1000);
`;

/** A gateway with a worktree for each session, whose runners only write down how they were started. */
async function started() {
  const base = realpathSync(mkdtempSync(join(tmpdir(), "perdure-gateway-")));
  const note = join(base, "note.json");
  const root = join(base, "work");
  mkdirSync(root);
  const program = join(base, "program.mjs");
  writeFileSync(program, PROGRAM);
  vi.stubEnv("GATEWAY_TEST_NOTE", note);
  vi.stubEnv("PERDURE_GATEWAY_SECRET", SECRET);
  const gateway = await startGateway({
    connection: { url: "http://127.0.0.1:9", dir: base, tokenFile: "/token" },
    address: { host: "127.0.0.1", port: 0 },
    secret: SECRET,
    stateRoot: join(base, "runs"),
    program,
    agent: ["agent", "--flag"],
    agentName: "demo",
    places: placesOf([root], join(base, "trees")),
    max: 2,
    idle: "3m",
    log: () => {},
  });
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await gateway.stop();
    rmSync(base, { recursive: true, force: true });
  });
  let calls = 0;
  const call = async (data: object) => {
    calls += 1;
    const whole = { session: "s1", attempt: 1, of: 8, why: "queued", ...data };
    const body = JSON.stringify({ type: "runner.wanted", timestamp: "", data: whole });
    const headers = await signWebhook(SECRET, { id: `wk_${calls}`, sentAt: Date.now(), body });
    return (await fetch(gateway.url, { method: "POST", headers, body })).status;
  };
  const noted = () =>
    vi.waitFor(() => JSON.parse(readFileSync(note, "utf8")) as { argv: string[]; secret: null }, {
      timeout: 5_000,
    });
  return { base, root, call, noted };
}

test("a runner is started with its session, its state, its places and its agent, and without the gateway's secret", async () => {
  const { base, root, call, noted } = await started();
  expect(await call({ session: "-s1", agent: "demo" })).toBe(202);
  const { argv, secret } = await noted();
  expect(argv).toEqual([
    "run",
    "--url=http://127.0.0.1:9",
    `--dir=${base}`,
    "--token-file=/token",
    "--session=-s1",
    `--state-dir=${join(base, "runs", "-s1")}`,
    `--cwd=${root}`,
    `--worktree=${join(base, "trees", "-s1")}`,
    "--exit-when-idle=3m",
    "--",
    "agent",
    "--flag",
  ]);
  expect(secret).toBeNull();
  // What the next gateway goes by.
  expect(readRunning(join(base, "runs", "gateway.json"))).toEqual(["-s1"]);
  expect(existsSync(join(base, "runs", "calls.json"))).toBe(true);
});

test("a session that asks for another agent gets 404, and no runner", async () => {
  const { base, call } = await started();
  expect(await call({ agent: "other" })).toBe(404);
  expect(readRunning(join(base, "runs", "gateway.json"))).toEqual([]);
});

test("G18 a folder outside the root gets 403, and one that is not there 404", async () => {
  const { base, root, call } = await started();
  expect(await call({ cwd: base })).toBe(403);
  expect(await call({ cwd: join(root, "missing") })).toBe(404);
});
