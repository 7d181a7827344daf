import type { Mutation } from "./mutation.ts";

/** Commands: rules of section C. */
export const COMMAND_MUTATIONS: readonly Mutation[] = [];
