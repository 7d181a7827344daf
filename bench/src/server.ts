/** A contender's server: a process of its own, on loopback, with its storage on this machine's disk. */

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** A class of Durable Objects and the binding that leads to it. */
export interface ObjectClass {
  readonly binding: string;
  readonly className: string;
  /** Objects that have no storage: one on disk holds three file descriptors while it is in memory. */
  readonly isWithoutStorage?: boolean;
}

/** Where workerd reports which port it listens on. */
const CONTROL_DESCRIPTOR = 3;

/** How long a process may take until it listens. */
const START_TIMEOUT_MS = 20_000;

/** The platform's behaviour that all Workers run with; it includes `nodejs_compat`. */
const COMPATIBILITY_DATE = "2026-08-04";

/** How a server is started; its folder is its own. */
export type ServerKind =
  | { readonly kind: "workerd"; readonly code: string; readonly classes: readonly ObjectClass[] }
  | { readonly kind: "node"; readonly script: string };

/** One server. It can be started again on the same storage. */
export class Server {
  readonly #folder: string;
  readonly #program: ServerKind;
  #child: ChildProcess | undefined;
  #port = 0;

  constructor(folder: string, program: ServerKind) {
    this.#folder = folder;
    this.#program = program;
    mkdirSync(join(folder, "storage"), { recursive: true });
    if (program.kind === "workerd") {
      writeFileSync(join(folder, "worker.js"), program.code);
      writeFileSync(join(folder, "config.capnp"), configOf(program.classes));
    }
  }

  /** `127.0.0.1:<port>`, once it was started. */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Resident memory in bytes. */
  get residentBytes(): number {
    const status = readFileSync(`/proc/${this.#child?.pid ?? 0}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) * 1024;
  }

  async start(): Promise<void> {
    const isWorkerd = this.#program.kind === "workerd";
    const child = spawn(...this.#command(), {
      cwd: this.#folder,
      stdio: ["ignore", isWorkerd ? "ignore" : "pipe", "inherit", "pipe"],
    });
    this.#child = child;
    const reports = (isWorkerd ? child.stdio[CONTROL_DESCRIPTOR] : child.stdout) as Readable;
    this.#port = await listening(child, reports);
  }

  /** Ends the process at once; what it has acknowledged is on disk. */
  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  /** Resolves when the process is gone. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => {
      child.once("exit", resolve);
    });
    this.kill();
    await ended;
  }

  #command(): [string, string[]] {
    if (this.#program.kind === "node")
      return [process.execPath, [this.#program.script, "storage", "0"]];
    const args = ["serve", "config.capnp", "config", `--control-fd=${CONTROL_DESCRIPTOR}`];
    return [workerdExecutable(), args];
  }
}

function listening(child: ChildProcess, reports: Readable): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error("A server did not listen in time; see its messages above.")),
      START_TIMEOUT_MS,
    );
    child.once("exit", () => reject(new Error("A server ended before it listened.")));
    createInterface({ input: reports }).on("line", (line) => {
      const port = /"event":\s*"listen".*"port":\s*(\d+)/.exec(line)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
  });
}

/** The executable itself: the package's command is a script that would stand between it and its signals. */
function workerdExecutable(): string {
  const found: unknown = createRequire(import.meta.url)("workerd");
  if (typeof found === "object" && found !== null && "default" in found)
    return String(found.default);
  throw new Error("The workerd package does not name its executable; run `npm ci`.");
}

function configOf(classes: readonly ObjectClass[]): string {
  const service = ({ isWithoutStorage = false }: ObjectClass) =>
    isWithoutStorage ? "worker-without-storage" : "worker";
  const bindings = classes.map(
    (one) =>
      `(name = "${one.binding}", durableObjectNamespace = (className = "${one.className}", serviceName = "${service(one)}"))`,
  );
  const worker = (name: string, enableSql: boolean, storage: string) => {
    const namespaces = classes
      .filter((one) => service(one) === name)
      .map(
        ({ className }) =>
          `(className = "${className}", uniqueKey = "${className}", enableSql = ${enableSql})`,
      );
    return `(
      name = "${name}",
      worker = (
        modules = [(name = "worker.js", esModule = embed "worker.js")],
        compatibilityDate = "${COMPATIBILITY_DATE}",
        bindings = [${bindings.join(", ")}],
        durableObjectNamespaces = [${namespaces.join(", ")}],
        durableObjectStorage = (${storage}),
        globalOutbound = "nowhere",
      ),
    )`;
  };
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    ${worker("worker", true, 'localDisk = "storage"')},
    ${worker("worker-without-storage", false, "inMemory = void")},
    (name = "storage", disk = (path = "storage", writable = true)),
    (name = "nowhere", network = (allow = [])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);
`;
}
