/** The fixture as a Worker: `durableMcp` around tmcp, and nothing else. */

import { closeSseStream, durableMcp } from "perdure/mcp";
import { createFixtureServer } from "./fixture/server.ts";

export { SyncLayer } from "perdure/mcp";

export default durableMcp({ server: createFixtureServer({ closeSseStream }) });
