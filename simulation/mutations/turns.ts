import type { Mutation } from "./mutation.ts";

/** Turns and the life of a session: rules of section T. */
export const TURN_MUTATIONS: readonly Mutation[] = [];
