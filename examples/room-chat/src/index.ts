/** Rooms to talk in: the page, a login, and an object for each person and each room. */

import { connectionRoutes } from "perdure/connection";
import { user } from "./chat-user.ts";
import { authenticate, login } from "./login.ts";

export { ChatRoom } from "./chat-room.ts";
export { ChatUser } from "./chat-user.ts";

const connect = connectionRoutes(user, { authenticate });

export default {
  async fetch(request, env) {
    switch (new URL(request.url).pathname) {
      case "/ws":
        return connect(request, env);
      case "/login":
        return login(request, env);
      default:
        return env.ASSETS.fetch(request);
    }
  },
} satisfies ExportedHandler<Env>;
