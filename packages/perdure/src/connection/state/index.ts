/** State that persists itself. */

export { copyContainer } from "./container-copy.ts";
export * from "./durable-state-store.ts";
export * from "./persist-error.ts";
export * from "./persisted-state.ts";
export * from "./state-options.ts";
export * from "./state-store.ts";
export { rawOf, snapshot } from "./tracked.ts";
export { Tracker } from "./tracker.ts";
