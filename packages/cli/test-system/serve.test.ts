import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { expect, onTestFinished, test } from "vitest";
import { serve } from "../src/serve/index.ts";
import { openFileLimit } from "../src/serve/open-files.ts";
import {
  FIXTURE,
  readRows,
  startProgram,
  startServer,
  temporaryFolder,
  workerdPidOf,
  writeRow,
} from "./serve-fixture/server-process.ts";
import { takenPort } from "./support/taken-port.ts";

async function serveInProcess(options: Parameters<typeof serve>[0] = {}) {
  const reported: string[] = [];
  const server = await serve({
    port: 0,
    dir: temporaryFolder(),
    ...FIXTURE,
    report: (line) => reported.push(line),
    ...options,
  });
  onTestFinished(() => server.stop());
  return { ...server, reported };
}

test("A server answers on a free port, serves the console, and exits with 0", async () => {
  const server = await serveInProcess();
  await writeRow(server.url, "first");
  expect(await readRows(server.url)).toEqual(["first"]);
  const page = await fetch(`${server.url}/index.html`);
  expect(await page.text()).toContain("<title>Console</title>");
  await server.stop();
  expect(await server.exited).toBe(0);
  await expect(fetch(server.url)).rejects.toThrow("fetch failed");
  expect(server.reported).toEqual([]);
});

test("Rows are there after a stop and a new start", async () => {
  const dir = temporaryFolder();
  const first = await serveInProcess({ dir });
  await writeRow(first.url, "kept");
  await first.stop();
  const second = await serveInProcess({ dir });
  expect(await readRows(second.url)).toEqual(["kept"]);
});

test("The Worker learns the host names, the limit of connections and the cookie's name", async () => {
  const server = await serveInProcess({
    allowedHosts: ["box.example"],
    allowedOrigins: ["https://box.example"],
    maxConnections: 20,
  });
  const { port } = server;
  const response = await fetch(`${server.url}/bindings`);
  expect(await response.json()).toMatchObject({
    PERDURE_ALLOWED_HOSTS: [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `[::1]:${port}`,
      "box.example",
      `box.example:${port}`,
    ],
    PERDURE_ALLOWED_ORIGINS: ["https://box.example"],
    PERDURE_MAX_CONNECTIONS: 20,
    PERDURE_MAX_ACTIVE_SESSIONS: Math.floor((openFileLimit() - 128 - 20 * 2) / 3),
    PERDURE_COOKIE: `perdure_${port}`,
  });
});

test("The Worker cannot connect to anything", async () => {
  const server = await serveInProcess({ verbose: true });
  const response = await fetch(`${server.url}/out`);
  expect(await response.json()).toEqual({ connected: false, name: "Error" });
  expect(server.reported.join("\n")).toContain("connecting to 192.0.2.1:80 is not allowed");
});

test("Files of the first run belong to their owner alone", async () => {
  const dir = temporaryFolder();
  const server = await serveInProcess({ dir });
  await writeRow(server.url, "private");
  const modeOf = (...path: string[]) => (statSync(join(dir, ...path)).mode & 0o777).toString(8);
  expect(modeOf()).toBe("700");
  expect(modeOf("secret")).toBe("600");
  expect(modeOf("server.json")).toBe("600");
  expect(modeOf("workerd")).toBe("700");
  expect(modeOf("workerd", "config.capnp")).toBe("600");
  expect(modeOf("workerd", "worker.js")).toBe("600");
  expect(modeOf("data")).toBe("700");
  expect(modeOf("data", "perdure-session", "metadata.sqlite")).toBe("600");
});

test("Secrets are in the environment of workerd alone: not in its arguments, its files or its log", async () => {
  const dir = temporaryFolder();
  const server = await serveInProcess({ dir, verbose: true });
  const secret = readFileSync(join(dir, "secret"), "utf8").trim();
  await fetch(`${server.url}/fail`);
  const workerd = await workerdPidOf(dir);
  const shown = [
    readFileSync(join(dir, "workerd", "config.capnp"), "utf8"),
    readFileSync(join(dir, "server.json"), "utf8"),
    readFileSync(`/proc/${workerd}/cmdline`, "utf8"),
    ...server.reported,
  ].join("\n");
  expect(shown).not.toContain(secret);
  expect(server.reported).toContain("workerd: failed with [hidden] and [hidden]");
});

test("Without --verbose only errors of the Worker are shown", async () => {
  const server = await serveInProcess();
  await fetch(`${server.url}/fail`);
  await expect.poll(() => server.reported).toEqual(["workerd: failed with [hidden] and [hidden]"]);
});

test("workerd may open as many files as the hard limit permits", async () => {
  const dir = temporaryFolder();
  await serveInProcess({ dir });
  const limits = readFileSync(`/proc/${await workerdPidOf(dir)}/limits`, "utf8");
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  expect(Number(soft)).toBe(openFileLimit());
});

test("The command prints where it is, without colours where nobody looks, and the token says who logs in", async () => {
  const dir = temporaryFolder();
  const { output, loginUrl } = await startServer(dir);
  expect(output.stdout).toBe(`Open   ${loginUrl}\nData   ${dir}\n`);
  expect(output.stderr).toBe("");
  expect(loginUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/login\?token=[\w.-]+$/);
  const token = new URL(loginUrl).searchParams.get("token") ?? "";
  expect(decodeJwt(token)).toMatchObject({ sub: "owner", aud: "perdure:login" });
});

test("A second server on the same folder is refused with the URL of the first", async () => {
  const dir = temporaryFolder();
  const first = await startServer(dir);
  const second = startProgram(dir);
  expect(await second.exited).toMatchObject({ code: 1 });
  expect(second.output.stderr).toBe(
    `${dir} is already served at ${first.url} by process ${first.pid}: use that server, stop it, or choose another folder with --dir.\n`,
  );
  expect(await fetch(`${first.url}/health`)).toMatchObject({ status: 200 });
});

test("A port that another program has is one clear line and exit code 1", async () => {
  const port = await takenPort();
  const dir = temporaryFolder();
  const refused = startProgram(dir, ["--port", String(port)]);
  expect(await refused.exited).toMatchObject({ code: 1 });
  expect(refused.output).toEqual({
    stdout: "",
    stderr: `Another program listens on 127.0.0.1:${port}: stop it, or choose a port with --port (0 takes a free one).\n`,
  });
  expect(() => statSync(join(dir, "server.json"))).toThrow("ENOENT");
});

test("A Worker that cannot run ends the start, and leaves the folder free", async () => {
  const dir = temporaryFolder();
  const broken = join(FIXTURE.consolePath, "index.html");
  await expect(serveInProcess({ dir, workerPath: broken })).rejects.toMatchObject({
    code: "not_ready",
  });
  const server = await serveInProcess({ dir });
  expect(await fetch(`${server.url}/health`)).toMatchObject({ status: 200 });
});
