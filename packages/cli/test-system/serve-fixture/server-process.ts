import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { identityOf } from "../../src/serve/process-identity.ts";
import { readServerRecord } from "../../src/serve/server-record.ts";

const fixture = import.meta.dirname;
const WAIT_MS = 20_000;
const POLL_MS = 20;

/** The options that put the fixture in place of what the build makes. */
export const FIXTURE = {
  workerPath: join(fixture, "worker.js"),
  consolePath: join(fixture, "console"),
} as const;

/** A `perdure serve` in a process of its own. */
export interface ServerProcess {
  readonly pid: number;
  readonly loginUrl: string;
  /** Base URL, without a slash at its end. */
  readonly url: string;
  readonly output: Output;
  /** Resolves when the process is gone. */
  readonly exited: Promise<Exit>;
}

/** What a process wrote so far. */
export interface Output {
  stdout: string;
  stderr: string;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A new folder that goes when the test has ended; it contains what a path may contain. */
export function temporaryFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), "perdure-serve-"));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, 'a "data" folder – \\ ü');
}

/** Starts the program; does not wait for anything. */
export function startProgram(dir: string, more: readonly string[] = []) {
  const program = [
    join(fixture, "program.ts"),
    "serve",
    "--dir",
    dir,
    "--worker",
    FIXTURE.workerPath,
    "--console",
    FIXTURE.consolePath,
    ...(more.includes("--port") ? [] : ["--port", "0"]),
    ...more,
  ];
  const child = spawn(process.execPath, program, {
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, which a test can signal as a terminal does.
    detached: true,
  });
  const output: Output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  const exited = once(child, "close").then(([code, signal]): Exit => ({ code, signal }));
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await exited;
    const workerd = readServerRecord(join(dir, "server.json"))?.workerdPid;
    if (workerd != null && identityOf(workerd) !== undefined) process.kill(workerd, "SIGKILL");
  });
  if (child.pid === undefined) throw new Error("The program cannot be started.");
  return { pid: child.pid, output, exited };
}

/** Starts the program and waits until it says where it is. */
export async function startServer(
  dir: string,
  more: readonly string[] = [],
): Promise<ServerProcess> {
  const started = startProgram(dir, more);
  const ended = started.exited.then(({ code }) => {
    throw new Error(`It ended with ${code}: ${started.output.stderr}`);
  });
  const loginUrl = await Promise.race([
    until(() => /http:\S+\/login\?token=\S+(?=\nData .*\n)/.exec(started.output.stdout)?.[0]),
    ended,
  ]);
  return { ...started, loginUrl, url: new URL(loginUrl).origin };
}

/** The id of the workerd that runs for a folder. */
export function workerdPidOf(dir: string): Promise<number> {
  return until(() => readServerRecord(join(dir, "server.json"))?.workerdPid ?? undefined);
}

/** Waits until there is a value. */
export async function until<T>(
  find: () => T | undefined | Promise<T | undefined>,
): Promise<NonNullable<T>> {
  for (let waited = 0; waited < WAIT_MS; waited += POLL_MS) {
    const found = await find();
    if (found != null && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error("What was waited for did not happen.");
}

/** Waits until no process has that id. */
export async function untilGone(pid: number): Promise<void> {
  await until(() => identityOf(pid) === undefined);
}

/** Writes a row, and returns its id once that was acknowledged. */
export async function writeRow(url: string, body: string): Promise<number> {
  const response = await fetch(`${url}/rows`, { method: "POST", body });
  const row = (await response.json()) as { id: number };
  return row.id;
}

/** The bodies of all rows, in order. */
export async function readRows(url: string): Promise<string[]> {
  const response = await fetch(`${url}/rows`);
  const rows = (await response.json()) as { body: string }[];
  return rows.map(({ body }) => body);
}
