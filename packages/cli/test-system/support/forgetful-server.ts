import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HttpApi } from "../../src/commands/http-api.ts";
import { findFreePort, urlOf } from "../../src/serve/address.ts";
import { findBuiltFiles } from "../../src/serve/built-files.ts";
import { openDataFolder } from "../../src/serve/data-folder.ts";
import { createSecret, openSecret } from "../../src/serve/secret.ts";
import { Supervisor } from "../../src/serve/supervisor.ts";
import { configPathOf, writeWorkerdConfig } from "../../src/serve/workerd-config.ts";

const WORKER = "forgetful-worker.js";

/** How an object loses its memory: with its sockets, or without. */
export type MemoryLoss = "abort" | "evict";

/** A real workerd with the built Worker, whose sessions lose their memory when a test says so. */
export interface ForgetfulServer {
  /** Base URL, without a slash at its end. */
  readonly url: string;
  /** The server's routes, as its owner. */
  readonly api: HttpApi;
  /** Takes a session's memory. Resolves when it is gone. */
  forget(session: string, how: MemoryLoss): Promise<void>;
  /** How often a session's object was made since workerd was started. */
  lives(session: string): Promise<number>;
  /** What the server has reported, such as that workerd ended. */
  readonly reports: readonly string[];
  stop(): Promise<void>;
}

/**
 * Starts workerd as `perdure serve` does, but for two things: a module in front of the product's Worker, and the platform's
 * own means of evicting an object, which takes an experimental flag.
 *
 * @param dir The data folder.
 */
export async function startForgetfulServer(dir: string): Promise<ForgetfulServer> {
  const folder = openDataFolder(dir);
  const files = findBuiltFiles();
  const address = { host: "127.0.0.1", port: await findFreePort({ host: "127.0.0.1", port: 0 }) };
  const url = urlOf(address);
  const settings = {
    address,
    allowedHosts: [new URL(url).host],
    allowedOrigins: [],
    maxConnections: 1_000,
    maxActiveSessions: 1_000,
    storage: folder.storage,
    console: files.console,
  };
  writeWorkerdConfig(folder, settings, files.worker);
  copyFileSync(join(import.meta.dirname, WORKER), join(folder.runtime, WORKER));
  const configPath = configPathOf(folder);
  writeFileSync(configPath, withForgetfulWorker(readFileSync(configPath, "utf8")));
  const reports: string[] = [];
  const supervisor = new Supervisor({
    workerd: writeLauncher(folder.runtime, files.workerd),
    configPath,
    secrets: {
      PERDURE_SECRET: openSecret(folder.secretFile),
      PERDURE_ADMIN_SECRET: createSecret(),
    },
    url,
    onProcess: () => {},
    report: (line) => reports.push(line),
  });
  await supervisor.start();
  return {
    url,
    api: new HttpApi({ url, dir }, { role: "admin" }),
    forget: async (session, how) => {
      const response = await fetch(`${url}/_forget/${how}/${session}`, { method: "POST" });
      if (!response.ok) throw new Error(`The object was not made to forget: ${response.status}.`);
    },
    lives: async (session) => Number(await (await fetch(`${url}/_forget/${session}`)).text()),
    reports,
    stop: () => supervisor.stop(),
  };
}

/** The configuration with one more module, which is the main one because it is the first. */
function withForgetfulWorker(config: string): string {
  const changed = config
    .replace("modules = [", `modules = [(name = "${WORKER}", esModule = embed "${WORKER}"), `)
    .replace("compatibilityDate =", `compatibilityFlags = ["unsafe_module"],\n        $&`);
  if (changed.split("unsafe_module").length === 2 && changed.split(WORKER).length === 3)
    return changed;
  throw new Error("The configuration is not what this expects.");
}

/** An executable that is workerd with its experimental features. */
function writeLauncher(folder: string, workerd: string): string {
  const path = join(folder, "workerd-with-eviction");
  const script = `#!/bin/sh\nshift\nexec '${workerd}' serve --experimental "$@"\n`;
  writeFileSync(path, script, { mode: 0o700 });
  return path;
}
