import { createConnectionHandler, defineConnection } from "../../src/connection/index.ts";

/** A user's object that takes three events at once. */
export const LimitedUserDO = createConnectionHandler(
  defineConnection({ name: "LimitedUserDO", limits: { burst: 3, framesPerSecond: 1 } }),
);
