import type { Mutation } from "./mutation.ts";

/** Approvals: rules of section A. */
export const APPROVAL_MUTATIONS: readonly Mutation[] = [];
