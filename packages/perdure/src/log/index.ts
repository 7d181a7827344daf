/** The durable log. Knows nothing of sessions. */

export * from "./checked-lines.ts";
export * from "./content-store.ts";
export * from "./event-kind.ts";
export * from "./event-log.ts";
export * from "./producers.ts";
export * from "./segment.ts";
