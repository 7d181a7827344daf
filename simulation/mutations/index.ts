import { CLAIM_MUTATIONS } from "./claims.ts";
import { APPROVAL_MUTATIONS } from "./approvals.ts";
import { CLIENT_MUTATIONS } from "./client.ts";
import { COMMAND_MUTATIONS } from "./commands.ts";
import { LOG_MUTATIONS } from "./log.ts";
import type { Mutation } from "./mutation.ts";
import { READER_MUTATIONS } from "./readers.ts";
import { RUNNER_MUTATIONS } from "./runner.ts";
import { TURN_MUTATIONS } from "./turns.ts";

export type { Mutation } from "./mutation.ts";
export { mutate } from "./mutation.ts";

/** Every rule that can be taken away. */
export const MUTATIONS: readonly Mutation[] = [
  ...COMMAND_MUTATIONS,
  ...LOG_MUTATIONS,
  ...TURN_MUTATIONS,
  ...APPROVAL_MUTATIONS,
  ...CLAIM_MUTATIONS,
  ...READER_MUTATIONS,
  ...RUNNER_MUTATIONS,
  ...CLIENT_MUTATIONS,
];
