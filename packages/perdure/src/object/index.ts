/** What every object here shares. */

export * from "./base-do.ts";
export * from "./body.ts";
export * from "./call-object.ts";
export * from "./clock.ts";
export * from "./commands.ts";
export * from "./commit-queue.ts";
export * from "./digest.ts";
export type { DisconnectRequest } from "./disconnect.ts";
export * from "./error-behind.ts";
export { closeExpired } from "./expiry.ts";
export * from "./gathering.ts";
export * from "./identity.ts";
export * from "./in-parallel.ts";
export * from "./link.ts";
export * from "./migrations.ts";
export * from "./namespace.ts";
export * from "./object-socket.ts";
export * from "./origin.ts";
export * from "./problem-response.ts";
export * from "./rate-limit.ts";
export * from "./revertible-sql.ts";
export * from "./run-migrations.ts";
export * from "./serialized.ts";
export * from "./sql.ts";
export * from "./timers.ts";
export * from "./upgrade.ts";
