"use client";

/** Hooks for React: a session, or the list of them, in one line, shared by every component that asks for it; and those of shards. */

export type {
  MetaPatch,
  Person,
  Presence,
  Session,
  SessionActions,
  SessionDefaults,
  SessionMessage,
  SessionOptions,
  SessionStatus,
  SessionView,
} from "./session.ts";
export type {
  SessionList,
  SessionListActions,
  SessionListOptions,
  SessionListView,
} from "./session-list.ts";
export { SessionProvider } from "./session-provider.ts";
export { shallow } from "./shallow.ts";
export { ShardProvider, useShard } from "./shard-provider.ts";
export type { Mutation, UseMutationOptions } from "./use-mutation.ts";
export { useMutation } from "./use-mutation.ts";
export type { QueryResult } from "./use-query.ts";
export { useQuery } from "./use-query.ts";
export { useAgent, useClientState, useSession, useSuspenseSession } from "./use-session.ts";
export { useSessions } from "./use-sessions.ts";
