/** Boards that stay live: the page, a login, and an object for each board. */

import { shardRoutes } from "perdure/shard";
import { board } from "./board.ts";
import { authenticate, login } from "./login.ts";

export { Board } from "./board-object.ts";

const shards = shardRoutes<Env>(board, {
  binding: "Board",
  authenticate,
  // Every board is open to whoever has logged in; yours would look for a membership here.
  authorize: ({ identity, shard }) => identity !== null && /^[a-z0-9-]{1,40}$/.test(shard),
});

export default {
  async fetch(request, env) {
    switch (new URL(request.url).pathname) {
      case "/shard/rpc":
      case "/shard/ws":
        return shards(request, env);
      case "/login":
        return login(request, env);
      default:
        return env.ASSETS.fetch(request);
    }
  },
} satisfies ExportedHandler<Env>;
