/** A garden that a model may tend: an MCP server whose sessions outlive their connections. */

import { durableMcp } from "perdure/mcp";
import { server } from "./server.ts";

export { SyncLayer } from "perdure/mcp";
export { Garden } from "./garden.ts";

// Anybody may use it. Yours says who is there: `authenticate` binds a session to whoever is logged in.
export default durableMcp({ server });
