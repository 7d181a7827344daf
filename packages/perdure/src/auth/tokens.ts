/** Signed tokens alone: also for Node, where there are no objects. */

export type { Action } from "../protocol/index.ts";
export { permits } from "../protocol/index.ts";
export * from "./constant-time.ts";
export * from "./invitation-token.ts";
export * from "./login-token.ts";
export * from "./secret.ts";
export * from "./token.ts";
