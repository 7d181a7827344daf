/** The Worker in front of the objects: routes, authentication, limits. */

export * from "./app.ts";
export * from "./connection-gate.ts";
export * from "./options.ts";
export * from "./problem.ts";
export * from "./session-gate.ts";
export type { SessionRoutes } from "./session-routes.ts";
export { sessionRoutes } from "./session-routes.ts";
export * from "./session-routes-options.ts";
export type { CommandBody, DecisionResult, TaskResult, TurnResult } from "./command-route.ts";
