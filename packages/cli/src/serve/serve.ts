import type { ListenAddress } from "./address.ts";
import { allowedHosts, findFreePort, urlOf } from "./address.ts";
import { findBuiltFiles } from "./built-files.ts";
import { openDataFolder } from "./data-folder.ts";
import { InstanceLock } from "./instance-lock.ts";
import { signLoginToken } from "./login-token.ts";
import { maxActiveSessions, maxConnections, openFileLimit } from "./open-files.ts";
import { createSecret, gatewaySecret, openSecret } from "./secret.ts";
import { Supervisor } from "./supervisor.ts";
import type { WorkerdSettings } from "./workerd-config.ts";
import { configPathOf, writeWorkerdConfig } from "./workerd-config.ts";

/** How to serve. */
export interface ServeOptions {
  /** Port to listen on; 8787 by default, 0 for any free one. */
  readonly port?: number | undefined;
  /** Name or IP address to listen on; 127.0.0.1 by default, which only this machine reaches. */
  readonly host?: string | undefined;
  /** Folder of the databases and the secret, made where it is missing; `.perdure` by default. */
  readonly dir?: string | undefined;
  /**
   * Further names under which clients reach the server, as `name` or `name:port`; requests for other names are refused. An
   * IPv6 address stands in brackets.
   */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Origins of other pages that may use the server, such as that of a proxy which adds TLS: `https://name`. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** The gateway that sessions call for a runner: `https:`, or `http:` on this machine. Default: none. */
  readonly gateway?: URL | undefined;
  /** Open connections past which new ones are refused, to have fewer than the limit of open files permits. */
  readonly maxConnections?: number | undefined;
  /** Reports all that workerd writes, and how long the start took. */
  readonly verbose?: boolean | undefined;
  /** Gets each line for the person at the terminal; `console.error` by default. */
  readonly report?: ((line: string) => void) | undefined;
  /** The Worker to run in place of the one that the build made. */
  readonly workerPath?: string | undefined;
  /** The folder to serve in place of the console that the build made. */
  readonly consolePath?: string | undefined;
}

/** A server that answers. */
export interface RunningServer {
  /** Base URL, without a slash at its end. */
  readonly url: string;
  /** A URL that logs a browser in, for seven days. Whoever has it is the owner. */
  readonly loginUrl: string;
  readonly port: number;
  /** The data folder's absolute path. */
  readonly dir: string;
  /** Open connections past which new ones are refused. */
  readonly maxConnections: number;
  /**
   * Closes every connection with a code that tells clients to come back, and ends the server, within five seconds whatever is
   * open. Can be called again.
   */
  stop(): Promise<void>;
  /** Resolves with the exit code, 0, once the server was stopped. */
  readonly exited: Promise<number>;
}

/**
 * Runs workerd on a data folder and keeps it running.
 *
 * Resolves when the server answers. Throws a `ServeError`: `already_running` where another process serves the folder,
 * `port_in_use`, `cannot_listen`, `not_installed`, `not_ready`, `bad_secret`. When this process exits without
 * {@link RunningServer.stop}, workerd is killed with it.
 */
export async function serve(options: ServeOptions = {}): Promise<RunningServer> {
  const startedAt = performance.now();
  const { host = "127.0.0.1", port = 8787, dir = ".perdure", report = console.error } = options;
  const files = findBuiltFiles({
    ...(options.workerPath !== undefined && { worker: options.workerPath }),
    ...(options.consolePath !== undefined && { console: options.consolePath }),
  });
  const folder = openDataFolder(dir);
  const secret = openSecret(folder.secretFile);
  // Before the port is looked at: the workerd that a killed server left may still have it.
  const lock = await InstanceLock.acquire(folder);
  try {
    const address: ListenAddress = { host, port: await findFreePort({ host, port }) };
    const url = urlOf(address);
    lock.update({ port: address.port, url });
    const openFiles = openFileLimit();
    const connections = maxConnections(openFiles, options.maxConnections);
    const settings: WorkerdSettings = {
      address,
      allowedHosts: allowedHosts(address, options.allowedHosts),
      allowedOrigins: options.allowedOrigins ?? [],
      maxConnections: connections,
      maxActiveSessions: maxActiveSessions(openFiles, connections),
      gateway: options.gateway && { url: options.gateway, server: url },
      storage: folder.storage,
      console: files.console,
    };
    writeWorkerdConfig(folder, settings, files.worker);
    const supervisor = new Supervisor({
      workerd: files.workerd,
      configPath: configPathOf(folder),
      secrets: {
        PERDURE_SECRET: secret,
        PERDURE_ADMIN_SECRET: createSecret(),
        ...(options.gateway !== undefined && {
          PERDURE_GATEWAY_SECRET: gatewaySecret(folder.path),
        }),
      },
      url,
      onProcess: (workerdPid) => lock.update({ workerdPid }),
      report,
      verbose: options.verbose,
    });
    const { stop, exited } = await startUntilStopped(supervisor, lock);
    if (options.verbose === true)
      report(`Ready after ${Math.round(performance.now() - startedAt)} ms.`);
    return {
      url,
      loginUrl: `${url}/login?token=${await signLoginToken(secret)}`,
      port: address.port,
      dir: folder.path,
      maxConnections: connections,
      stop,
      exited,
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Starts workerd, and ties its life to that of this process. */
async function startUntilStopped(
  supervisor: Supervisor,
  lock: InstanceLock,
): Promise<Pick<RunningServer, "stop" | "exited">> {
  const killOnExit = () => {
    supervisor.kill();
    lock.release();
  };
  process.once("exit", killOnExit);
  try {
    await supervisor.start();
  } catch (error) {
    process.off("exit", killOnExit);
    throw error;
  }
  const { promise: exited, resolve: exit } = Promise.withResolvers<number>();
  const stop = async () => {
    await supervisor.stop();
    process.off("exit", killOnExit);
    lock.release();
    exit(0);
  };
  return { stop, exited };
}
