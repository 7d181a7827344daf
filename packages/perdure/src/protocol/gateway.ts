/** What a session and its gateway say to each other: one call, answered by an HTTP status alone. */

import { PerdureError } from "./errors.ts";
import { isObject } from "./json.ts";

/** Longest path, name or URL of a gateway, in UTF-16 units: `PATH_MAX` of Linux. */
const MAX_TEXT_LENGTH = 4_096;

/** Where a session's runner is to be had, and where its agent works. Everything is a matter of the gateway but `url`. */
export interface Gateway {
  /** What is called: `https:`, or `http:` on this machine. Default: the gateway of the server. */
  readonly url?: string | undefined;
  /** Folder that the agent works in. Default: the gateway's. What a runner says later counts instead. */
  readonly cwd?: string | undefined;
  /** Folder of the git worktree that the agent works in, made of the repository at `cwd`. Default: the gateway's choice. */
  readonly worktree?: string | undefined;
  /** Name of the agent. Default: the gateway's only one. */
  readonly agent?: string | undefined;
}

/** Why a runner is wanted. */
export type WakingReason =
  /** Something waits for a runner, and none is connected. */
  | "queued"
  /** The runner dropped while a turn was open, and did not come back. */
  | "dropped"
  /** A person asked. */
  | "asked";

/** The body of the call, in the form that Standard Webhooks recommends. */
export interface GatewayCall {
  readonly type: "runner.wanted";
  /** When this attempt was made, in ISO 8601. */
  readonly timestamp: string;
  readonly data: RunnerWanted;
}

/** Which runner is wanted. */
export interface RunnerWanted extends Omit<Gateway, "url"> {
  /** Id of the session. */
  readonly session: string;
  /** From 1. `webhook-id` names the waking: with this number it tells a new attempt from a copy. */
  readonly attempt: number;
  /** How many attempts there will be. */
  readonly of: number;
  readonly why: WakingReason;
  /** Base URL of the session's server, where that knows its own. */
  readonly server?: string | undefined;
  /** The agent's own id of its session, as its last runner said. */
  readonly agentSession?: string | undefined;
}

/** Parses the gateway that a session is created with. @throws PerdureError `bad_request` */
export function parseGateway(value: unknown): Gateway {
  if (!isObject(value)) throw badGateway("`gateway` is an object");
  return textsOf(value, ["url", "cwd", "worktree", "agent"]);
}

/** Parses the body of a call. @throws PerdureError `bad_request` */
export function parseGatewayCall(text: string): GatewayCall {
  const value = jsonOf(text);
  if (!isObject(value) || value["type"] !== "runner.wanted" || !isObject(value["data"]))
    throw badGateway("the body of the call is not `runner.wanted`");
  const { session, attempt, of, why } = value["data"];
  if (typeof session !== "string" || !isCount(attempt) || !isCount(of))
    throw badGateway("`session`, `attempt` or `of` is missing");
  return {
    type: "runner.wanted",
    timestamp: String(value["timestamp"]),
    data: {
      session,
      attempt,
      of,
      // A reason that is not known here is none to refuse the call.
      why: why === "dropped" || why === "asked" ? why : "queued",
      ...textsOf(value["data"], ["server", "cwd", "worktree", "agent", "agentSession"]),
    },
  };
}

function textsOf<K extends string>(
  object: Readonly<Record<string, unknown>>,
  names: readonly K[],
): { readonly [Name in K]?: string } {
  const texts: { [Name in K]?: string } = {};
  for (const name of names) {
    const value = object[name];
    if (value === undefined || value === null) continue;
    if (typeof value !== "string" || value === "" || value.length > MAX_TEXT_LENGTH)
      throw badGateway(`\`${name}\` is a text of 1 to ${MAX_TEXT_LENGTH} characters`);
    texts[name] = value;
  }
  return texts;
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) > 0;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const badGateway = (why: string) =>
  new PerdureError("bad_request", `The gateway was not understood: ${why}.`);
