/** The owner's list has what follows from the log. */

import type { World } from "../world/world.ts";
import { must } from "./common.ts";

/** T16: the session's line. */
export function checkListing({ index, object }: World): void {
  object.peek(({ info }) =>
    index.peek(({ lines }) => {
      const { title, lifecycle } = info;
      const status = info.status === "queued" ? "running" : info.status;
      const [line] = lines;
      must(
        line?.title === title && line.lifecycle === lifecycle && line.status === status,
        `T16 the line of the list is ${JSON.stringify(line)}; the session is ${status}, ${lifecycle} and ${title}`,
      );
    }),
  );
}
