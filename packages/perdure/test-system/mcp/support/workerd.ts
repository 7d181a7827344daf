import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "tsdown";
import { Program } from "../../../../cli/test-system/support/program.ts";
import { until } from "../../../../cli/test-system/support/until.ts";

const WORKERD = createRequire(import.meta.url)("workerd") as { readonly default: string };

/** Which behaviour of the platform the tests' Workers were written for. */
const COMPATIBILITY_DATE = "2026-08-04";

/**
 * A Worker with one Durable Object class, `SyncLayer`, on plain workerd, in two isolates with an address each: what one has in
 * memory, the other has not. Its storage outlives its process, and its ports stay.
 */
export class Workerd {
  /** Base URL, without a slash at its end. */
  readonly url: string;
  /** The other isolate, which has the same objects. */
  readonly otherUrl: string;
  readonly #folder: string;
  #program: Program;

  private constructor(folder: string, ports: readonly number[]) {
    this.#folder = folder;
    [this.url = "", this.otherUrl = ""] = ports.map((port) => `http://127.0.0.1:${port}`);
    this.#program = this.#start();
  }

  /** Bundles a Worker of this folder, named without its ending, and serves it. */
  static async start(name: string): Promise<Workerd> {
    const folder = await mkdtemp(join(tmpdir(), "perdure-mcp-"));
    await bundle(name, folder);
    await mkdir(join(folder, "storage"));
    const ports = [await freePort(), await freePort()];
    await writeFile(join(folder, "config.capnp"), configOf(name, ports));
    const server = new Workerd(folder, ports);
    await server.#listening();
    return server;
  }

  /** What it has written so far. */
  get output(): string {
    return this.#program.stdout + this.#program.stderr;
  }

  /** Ends the process as a crash does. */
  async kill(): Promise<void> {
    await this.#program.end("SIGKILL");
  }

  /** Starts it again, on the same port and with the same storage. */
  async restart(): Promise<void> {
    this.#program = this.#start();
    await this.#listening();
  }

  /** Ends it, and nothing is left. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #start(): Program {
    return new Program(WORKERD.default, ["serve", "config.capnp", "config"], this.#folder);
  }

  async #listening(): Promise<void> {
    await until("workerd listens", async () => {
      if (!this.#program.isRunning) throw new Error(`workerd ended: ${this.output}`);
      return fetch(this.url).then(
        () => true,
        () => false,
      );
    });
  }
}

async function bundle(name: string, folder: string): Promise<void> {
  await build({
    config: false,
    entry: { worker: join(import.meta.dirname, `../${name}.ts`) },
    outDir: folder,
    format: "esm",
    fixedExtension: false,
    clean: false,
    dts: false,
    logLevel: "error",
    platform: "neutral",
    target: "es2024",
    deps: { alwaysBundle: /^(?!cloudflare:|node:)/, neverBundle: /^(cloudflare|node):/ },
    inputOptions: {
      resolve: {
        conditionNames: ["workerd", "worker", "import", "module", "default"],
        mainFields: ["module", "main"],
      },
    },
    outputOptions: { codeSplitting: false },
  });
}

function workerOf(namespace: string, more = ""): string {
  return `(
    modules = [(name = "worker.js", esModule = embed "worker.js")],
    compatibilityDate = "${COMPATIBILITY_DATE}",
    bindings = [(name = "TMCP_DURABLE_OBJECT", durableObjectNamespace = ${namespace})],
    globalOutbound = "nowhere",${more}
  )`;
}

function configOf(name: string, [port = 0, otherPort = 0]: readonly number[]): string {
  const objects = `
    durableObjectNamespaces = [
      (className = "SyncLayer", uniqueKey = "${name}", enableSql = true),
    ],
    durableObjectStorage = (localDisk = "storage"),`;
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "one", worker = ${workerOf(`"SyncLayer"`, objects)}),
    (name = "other", worker = ${workerOf(`(className = "SyncLayer", serviceName = "one")`)}),
    (name = "storage", disk = (path = "storage", writable = true)),
    (name = "nowhere", network = (allow = [])),
  ],
  sockets = [
    (name = "one", address = "127.0.0.1:${port}", http = (), service = "one"),
    (name = "other", address = "127.0.0.1:${otherPort}", http = (), service = "other"),
  ],
);
`;
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => listener.once("listening", resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  return port;
}
