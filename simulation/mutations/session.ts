import type { Mutation } from "./mutation.ts";

const RELAY = "packages/perdure/src/session/relay.ts";
const LOG = "packages/perdure/src/session/session-log.ts";
const READERS = "packages/perdure/src/session/readers.ts";
const COMMANDS = "packages/perdure/src/object/commands.ts";
const APPROVALS = "packages/perdure/src/session/approvals.ts";
const DECISIONS = "packages/perdure/src/session/decisions.ts";

/** Rules of the object. */
export const SESSION_MUTATIONS: readonly Mutation[] = [];
void [LOG, COMMANDS, APPROVALS, DECISIONS];
