import { CLAIM_MUTATIONS } from "./claims.ts";
import { CLIENT_MUTATIONS } from "./client.ts";
import type { Mutation } from "./mutation.ts";
import { READER_MUTATIONS } from "./readers.ts";
import { RUNNER_MUTATIONS } from "./runner.ts";
import { SESSION_MUTATIONS } from "./session.ts";

export type { Mutation } from "./mutation.ts";
export { mutate } from "./mutation.ts";

/** Every rule that can be taken away. */
export const MUTATIONS: readonly Mutation[] = [
  ...SESSION_MUTATIONS,
  ...CLAIM_MUTATIONS,
  ...READER_MUTATIONS,
  ...RUNNER_MUTATIONS,
  ...CLIENT_MUTATIONS,
];
