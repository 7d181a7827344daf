import { mkdirSync, realpathSync } from "node:fs";
import { once } from "node:events";
import { join, resolve } from "node:path";
import type { RunnerWanted } from "perdure/protocol";
import { isObject, PerdureError } from "perdure/protocol";
import type { ConnectionOptions } from "../commands/connection.ts";
import { HttpApi } from "../commands/http-api.ts";
import type { ListenAddress } from "../serve/address.ts";
import { removeWorktree } from "../runner/index.ts";
import { urlOf } from "../serve/address.ts";
import { runnerIn } from "./adopted-runner.ts";
import { gatewayServer } from "./gateway-server.ts";
import type { Places } from "./place.ts";
import { placeOf, worktreeOf } from "./place.ts";
import { Refusal } from "./refusal.ts";
import { RunnerChild } from "./runner-child.ts";
import { RunnerPool } from "./runner-pool.ts";
import { readRunning, writeRunning } from "./running-record.ts";
import { WorktreeKeeper } from "./worktree-keeper.ts";

/** How often it is looked which sessions have ended whose runner was gone already, in milliseconds: each look wakes a session. */
const REVIEW_INTERVAL_MS = 24 * 60 * 60 * 1000;

/** What a gateway needs to know. */
export interface GatewayOptions {
  /** The server whose sessions it runs, and the token for that, where none is made from a local secret. */
  readonly connection: ConnectionOptions;
  readonly address: ListenAddress;
  /** Verifies calls; at least 32 bytes. */
  readonly secret: string;
  /** Folder of the state of all runners, one folder for each session. Absolute. */
  readonly stateRoot: string;
  /** The path of this program, which is started again for each runner. */
  readonly program: string;
  /** The agent's command and its arguments. */
  readonly agent: readonly string[];
  /** The name by which sessions may ask for the agent. */
  readonly agentName?: string | undefined;
  readonly places: Places;
  /** Whether worktrees stay when their session is over. */
  readonly keepsWorktrees?: boolean | undefined;
  readonly max: number;
  /** What `--exit-when-idle` of each runner is. */
  readonly idle: string;
  readonly log: (line: string) => void;
}

/** A gateway that listens. */
export interface RunningGateway {
  /** Base URL, without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** Ends all runners and stops listening. */
  stop(): Promise<void>;
}

/** Listens for calls of sessions, and starts their runners. @throws Error where it cannot listen. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { address, secret, stateRoot, places, max, agentName, log } = options;
  mkdirSync(stateRoot, { recursive: true, mode: 0o700 });
  if (places.worktrees !== undefined) mkdirSync(places.worktrees, { recursive: true });
  const record = join(stateRoot, "gateway.json");
  const before = readRunning(record);
  const keeper = keeperOf(options, (session, work) => pool.whileAway(session, work));
  const pool = new RunnerPool({
    max,
    start: (session, place, onExit) => {
      log(`${session}: starting its runner in ${place.worktree ?? place.cwd}`);
      if (place.worktree !== undefined && place.worktree === worktreeOf(session, places))
        keeper?.give(session, place.cwd, place.worktree);
      return new RunnerChild(options.program, parametersOf(session, place, options), (how) => {
        log(`${session}: its runner has ended (${how})`);
        onExit();
        void keeper?.review(session);
      });
    },
    find: (session) => runnerIn(join(stateRoot, session)),
    onChange: (sessions) => writeRunning(record, sessions),
  });
  for (const session of before)
    if (pool.adopt(session)) log(`${session}: its runner is still there`);
    else void remind(session, options.connection);
  const onWanted = async (wanted: RunnerWanted): Promise<boolean> => {
    if (wanted.agent !== undefined && wanted.agent !== agentName)
      throw new Refusal(404, `there is no agent ${JSON.stringify(wanted.agent)} here`);
    return pool.ensure(wanted.session, placeOf(wanted, places));
  };
  const server = gatewayServer({
    secret,
    onWanted,
    log,
    callsFile: join(stateRoot, "calls.json"),
  });
  server.listen({ ...address, exclusive: true });
  await once(server, "listening");
  void keeper?.reviewAll();
  const reviews = setInterval(() => void keeper?.reviewAll(), REVIEW_INTERVAL_MS).unref();
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
  return {
    url: urlOf({ host: address.host, port }),
    port,
    stop: async () => {
      server.close();
      clearInterval(reviews);
      keeper?.stop();
      await pool.stop();
      server.closeAllConnections();
    },
  };
}

function keeperOf(
  { places, keepsWorktrees, connection, stateRoot, log }: GatewayOptions,
  whileAway: RunnerPool["whileAway"],
): WorktreeKeeper | undefined {
  if (places.worktrees === undefined || keepsWorktrees === true) return undefined;
  return new WorktreeKeeper({
    path: join(stateRoot, "worktrees.json"),
    isOver: (session) => isOver(session, connection),
    whileAway,
    remove: removeWorktree,
    log,
  });
}

async function isOver(session: string, connection: ConnectionOptions): Promise<boolean> {
  try {
    const info = await new HttpApi(connection, { role: "runner" }).get(`v1/sessions/${session}`);
    return isObject(info) && info["lifecycle"] === "terminated";
  } catch (error) {
    return error instanceof PerdureError && error.code === "session_not_found";
  }
}

/** Asks for a session that had a runner when an earlier gateway died: being asked, it notices that the runner is gone. */
async function remind(session: string, connection: ConnectionOptions): Promise<void> {
  try {
    await new HttpApi(connection, { role: "runner" }).get(`v1/sessions/${session}`);
  } catch {
    // The server is away: the session notices when somebody else asks.
  }
}

function parametersOf(
  session: string,
  { cwd, worktree }: { readonly cwd: string; readonly worktree?: string | undefined },
  { connection, stateRoot, idle, agent }: GatewayOptions,
): string[] {
  const { url, token, tokenFile, dir } = connection;
  // A session's id may begin with a hyphen.
  return [
    "run",
    `--url=${url}`,
    `--dir=${dir}`,
    ...(token === undefined ? [] : [`--token=${token}`]),
    ...(tokenFile === undefined ? [] : [`--token-file=${tokenFile}`]),
    `--session=${session}`,
    `--state-dir=${join(stateRoot, session)}`,
    `--cwd=${cwd}`,
    ...(worktree === undefined ? [] : [`--worktree=${worktree}`]),
    `--exit-when-idle=${idle}`,
    "--",
    ...agent,
  ];
}

/** The folders of a gateway, links resolved. @throws Error where one is not there. */
export function placesOf(roots: readonly string[], worktrees: string | undefined): Places {
  const real = roots.map((root) => realpathSync(resolve(root)));
  return {
    roots: real,
    cwd: real[0] ?? process.cwd(),
    worktrees: worktrees === undefined ? undefined : resolve(worktrees),
  };
}
