/** The Worker in front of the objects: routes, authentication, limits. */

export * from "./app.ts";
export * from "./connection-gate.ts";
export * from "./options.ts";
export * from "./problem.ts";
export * from "./session-gate.ts";
