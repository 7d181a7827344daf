/** Who may do what: auth sessions, signed tokens, and what their roles permit. */

export * from "./auth-options.ts";
export * from "./auth-session-do.ts";
export { AuthSessionDO as SessionDO } from "./auth-session-do.ts";
export * from "./create-auth.ts";
export type { AuthEnv, GuardedSession, GuardOptions, SessionHandler } from "./guard.ts";
export * from "./login-do.ts";
export type { LiveObject } from "./live-objects.ts";
export { MAX_LIVE_OBJECTS } from "./live-objects.ts";
export type { AuthSessionNamespace, PlacementOptions } from "./placement.ts";
export { DEFAULT_AUTH_OBJECTS, MAX_AUTH_OBJECTS } from "./placement.ts";
export type { NewRecord, SessionRecord } from "./record.ts";
export {
  MAX_SESSION_TOKEN_LENGTH,
  MAX_SESSIONS_PER_USER,
  MIN_SESSION_TOKEN_LENGTH,
  SESSION_DO_TTL_DEFAULT,
  SESSION_DO_TTL_MAX,
} from "./record.ts";
export type { FieldsSchema } from "./record-fields.ts";
export { MAX_SESSION_FIELDS_BYTES } from "./record-fields.ts";
export * from "./rpc.ts";
export { cookieNameOf } from "./session-cookie.ts";
export * from "./token-authenticator.ts";
export * from "./tokens.ts";
