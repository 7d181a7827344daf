/**
 * For tests of your own objects, inside workerd (`@cloudflare/vitest-plugin`) or over Wrangler's test harness. Nothing here belongs
 * into a Worker that is deployed.
 */

export * from "./eviction.ts";
export * from "./fake-clock.ts";
export * from "./queries.ts";
export * from "./test-socket.ts";
