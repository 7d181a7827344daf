import type { Mutation } from "./mutation.ts";

/** The log: rules of section L. */
export const LOG_MUTATIONS: readonly Mutation[] = [];
