/** The two base classes that a runtime for reactive apps expects, under the names that it has for them. Nothing is made here. */

export { AuthSessionDO as SessionDO, SESSION_DO_TTL_DEFAULT } from "../auth/index.ts";
export type { SessionRecord } from "../auth/index.ts";
