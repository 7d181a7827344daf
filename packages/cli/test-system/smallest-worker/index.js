/** The smallest Worker with a session: its class, and nothing in front of it. */

export { SessionDO } from "perdure/session";

export default { fetch: () => new Response(null, { status: 404 }) };
