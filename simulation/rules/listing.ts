/** The owner's list has what follows from the log. */

import type { SessionState } from "../../packages/perdure/src/protocol/index.ts";
import type { SessionListing } from "../../packages/perdure/src/session/rpc.ts";
import type { World } from "../world/world.ts";
import { must } from "./common.ts";

/** What a line is to say but for its time. */
function lineFor({ meta, lifecycle, turns, approvals }: SessionState): string {
  const isWaiting =
    turns.some(({ state }) => state !== "queued") &&
    approvals.some(({ state }) => state === "pending");
  const status = turns.length === 0 ? "idle" : isWaiting ? "waiting" : "running";
  return JSON.stringify([meta["title"] ?? null, lifecycle, status]);
}

function lineOf(listing: SessionListing | undefined): string {
  return listing === undefined
    ? "missing"
    : JSON.stringify([listing.title, listing.lifecycle, listing.status]);
}

/** What the list has still to hear of; empty where there is nothing. */
export function untoldTo({ index, witness }: World): string {
  let line = "missing";
  index.peek(({ lines }) => (line = lineOf(lines[0])));
  const wanted = lineFor(witness.state);
  return line === wanted ? "" : `the line of the list is ${line}, and it is to be ${wanted}`;
}

/** I1: the list knows the session, and the last change. */
export function checkListing(world: World): void {
  const untold = untoldTo(world);
  must(untold === "", `I1 ${untold}`);
}
