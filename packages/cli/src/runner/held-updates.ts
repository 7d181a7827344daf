import type { Chunk, JsonObject } from "perdure/protocol";
import { carriedWhole } from "./translate.ts";

/** Most updates that are held. */
const MAX_HELD = 1_000;

/**
 * What the agent says between turns: it belongs to no message, so it waits for the next one and goes into it. Kept in memory;
 * a new process learns it from the agent again.
 */
export class HeldUpdates {
  #held: Chunk[] = [];
  #left = 0;

  /** Holds an update. One that replaces an earlier one takes its place. */
  add(update: JsonObject): void {
    this.#push(carriedWhole(update));
  }

  /** Holds a note of the runner's own that the agent was started again. */
  addRestart(reason: string, restored: string): void {
    this.#push({ type: "data-agent-restarted", data: { reason, restored } });
  }

  /** All that is held, in order; then nothing is. */
  take(): Chunk[] {
    const taken = this.#held;
    if (this.#left > 0) {
      taken.push({
        type: "data-acp",
        data: { leftOut: this.#left, why: "more than 1,000 updates came between turns" },
      });
    }
    this.#held = [];
    this.#left = 0;
    return taken;
  }

  #push(chunk: Chunk): void {
    const id = "id" in chunk ? chunk.id : undefined;
    if (id !== undefined) {
      this.#held = this.#held.filter((held) => !("id" in held) || held.id !== id);
    }
    if (this.#held.length < MAX_HELD) this.#held.push(chunk);
    else this.#left += 1;
  }
}
