import type { ConnectionMeta } from "../../src/connection/index.ts";
import { createConnectionHandler, defineConnection } from "../../src/connection/index.ts";
import { PerdureError } from "../../src/protocol/index.ts";

/** Meta with fields of the app's own. */
interface Meta extends ConnectionMeta {
  more?: { deep: number[]; gone?: number; defined?: boolean };
  fits?: boolean;
}

/** The codes of what some attempts threw. */
function codesOf(...attempts: readonly (() => void)[]): readonly string[] {
  return attempts.map((attempt) => {
    try {
      attempt();
      return "nothing";
    } catch (error) {
      return error instanceof PerdureError ? error.code : String(error);
    }
  });
}

const definition = defineConnection<Meta>({ name: "MetaUserDO" })
  .on("look", ({ emit, meta }) => {
    emit.emit("look", meta);
  })
  .on("set", ({ meta }) => {
    meta.clientId = "renamed";
    meta.more = { deep: [1, 2], gone: 1 };
  })
  .on("push", ({ meta }) => {
    meta.channels.push("pushed");
  })
  .on("nested", ({ meta }) => {
    if (meta.more) meta.more.deep[1] = 3;
  })
  .on("delete", ({ meta }) => {
    delete meta.more?.gone;
  })
  .on("define", ({ meta }) => {
    if (meta.more)
      Object.defineProperty(meta.more, "defined", {
        value: true,
        enumerable: true,
        writable: true,
        configurable: true,
      });
  })
  .on("large", ({ emit, meta }) => {
    const large = "x".repeat(20_000);
    const codes = codesOf(
      () => (meta.clientId = large),
      () => meta.channels.push("fits", large),
      () => Object.defineProperty(meta, "clientId", { value: large }),
    );
    meta.fits = true;
    emit.emit("refused", codes);
  })
  .on("rename", ({ emit, meta }) => {
    emit.emit(
      "refused",
      codesOf(
        () => (meta.userId = "another"),
        () => Reflect.deleteProperty(meta, "userId"),
      ),
    );
  })
  .on("others", ({ actor, emit }) => {
    emit.emit(
      "others",
      actor.sockets.map(({ meta }) => meta.clientId),
    );
  });

/** A user's object whose handlers write to meta. */
export class MetaUserDO extends createConnectionHandler(definition) {}
