/** Public protocols in which the log is spoken: stateless, durable events only, one internal socket to the object each. */

export * from "./durable-feed.ts";
export * from "./placed-event.ts";
export * from "./sse.ts";
