/** Who may do what: signed tokens and what their roles permit. */

export * from "./constant-time.ts";
export * from "./login-token.ts";
export { permits, type Action } from "../protocol/index.ts";
export * from "./secret.ts";
export * from "./token.ts";
