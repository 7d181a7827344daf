/** What agents say reaches the log. */

import type { SessionEvent } from "../../packages/perdure/src/protocol/index.ts";
import type { World } from "../world/world.ts";
import { must, same } from "./common.ts";

/** N6 N18: what agents said is in the log once, in order, and whole where its runner's disk survived. */
export function checkWords({ deeds }: World, log: readonly SessionEvent[]): void {
  const logged = new Map<string, string[]>();
  for (const event of log) {
    if (event.type !== "text-delta") continue;
    const delta = (event as { readonly delta: string }).delta;
    const runner = delta.split(".")[0] ?? "";
    logged.set(runner, [...(logged.get(runner) ?? []), delta]);
  }
  for (const { name, words, mayHaveLost } of deeds.runners) {
    const found = logged.get(name) ?? [];
    must(
      same(found, words.slice(0, found.length)),
      `N6 the words of ${name} are not in order, or not once: ${found.join("")} of ${words.join("")}`,
    );
    must(
      mayHaveLost || found.length === words.length,
      `N18 ${name} said ${words.length} words, and ${found.length} are in the log`,
    );
  }
}
