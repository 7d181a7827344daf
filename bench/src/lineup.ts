/** The contenders of a run: their Workers bundled, their servers started. */

import { join } from "node:path";
import { bundle } from "./bundle.ts";
import type { CONTENDERS } from "./contender.ts";
import { Contender } from "./contender.ts";
import { PERDURE_WIRE } from "./perdure-contender.ts";
import { PLAIN_WIRE } from "./plain-contender.ts";
import type { ObjectClass } from "./server.ts";

/** Who runs all the time. */
export type EntrantName = (typeof CONTENDERS)[number];

const LOG: ObjectClass = { binding: "LOG", className: "Log" };
const COUNTED_LOG: ObjectClass = { binding: "COUNTED_LOG", className: "CountedLog" };
const LOGINS: ObjectClass = { binding: "LOGINS", className: "Logins" };

const CLASSES: Readonly<Record<Exclude<EntrantName, "node">, readonly ObjectClass[]>> = {
  perdure: [
    { binding: "SESSION_DO", className: "SessionDO" },
    { binding: "SESSION_INDEX", className: "SessionIndexDO" },
    { binding: "COUNTED_SESSION", className: "CountedSession" },
    { binding: "COUNTED_INDEX", className: "CountedIndex" },
    LOGINS,
  ],
  bare: [LOG, COUNTED_LOG, LOGINS],
  agents: [LOG, COUNTED_LOG],
  partyserver: [LOG],
};

/** Starts a contender with its storage in a folder of its own. */
export async function enter(name: EntrantName, folder: string): Promise<Contender> {
  const contender = new Contender(
    name,
    name === "perdure" ? PERDURE_WIRE : PLAIN_WIRE,
    join(folder, name),
    name === "node"
      ? { kind: "node", script: join(import.meta.dirname, "node-server.ts") }
      : {
          kind: "workerd",
          code: await bundle(
            { path: join(import.meta.dirname, "workers", `${name}.ts`) },
            "worker",
          ),
          classes: CLASSES[name],
        },
  );
  await contender.server.start();
  return contender;
}
