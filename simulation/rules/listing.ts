/** The owner's list has what follows from the log. */

import type { SessionInfo, SessionListing } from "../../packages/perdure/src/session/rpc.ts";
import type { World } from "../world/world.ts";
import { must } from "./common.ts";

/** What a line says but for its time. */
export function lineOf({ title, lifecycle, status }: SessionInfo | SessionListing): string {
  return JSON.stringify([title, lifecycle, status === "queued" ? "running" : status]);
}

/** T16: the list knows the session, and the last change that the present life of its memory has seen. */
export function checkListing({ index, object, lineAtWake }: World): void {
  object.peek(({ info }) =>
    index.peek(({ lines }) => {
      const [line] = lines;
      must(line !== undefined, "T16 the list was never told of the session");
      // Of a change before its memory was lost, the object does not know whether the list has heard.
      if (lineAtWake === undefined || lineAtWake === lineOf(info)) return;
      must(
        lineOf(line) === lineOf(info),
        `T16 the line of the list is ${lineOf(line)}, and it is to be ${lineOf(info)}`,
      );
    }),
  );
}
