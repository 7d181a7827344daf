/** The list of an owner's sessions, as it changes. Apart from the client of a session, which most pages load alone. */

export type { SessionListClientOptions, SessionListState } from "./session-list-client.ts";
export { SessionListClient } from "./session-list-client.ts";
