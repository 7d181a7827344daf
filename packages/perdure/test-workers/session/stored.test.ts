import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import first from "../../test/session/stored/session-2-first.sql?raw";
import second from "../../test/session/stored/session-2.sql?raw";
import { OWNER, PROMPT } from "./setup.ts";

test.each([
  ["first", first],
  ["second", second],
])(
  "M13 an object that the %s version wrote is upgraded in place when it wakes",
  async (name, sql) => {
    const stub = env.SESSION_DO.getByName(`stored ${name}`);
    // Of the author's table there is nothing in this class.
    const script = sql.replaceAll(/^.*\b(notes|'app')\b.*$/gm, "");
    await runInDurableObject(
      stub,
      (_session, { storage }) => void storage.sql.exec(script).toArray(),
    );
    await evictDurableObject(stub);
    expect((await stub.listTasks()).map(({ status }) => status)).toEqual([
      "done",
      "running",
      "pending",
    ]);
    expect((await stub.getRecentMessages()).map(({ id }) => id)).toEqual([
      "turn-1",
      "reply-1",
      "turn-2",
    ]);
    expect(await stub.getSessionMeta()).toMatchObject({ title: "From before", color: "blue" });
    expect(await stub.command(OWNER, "turn-3", PROMPT)).toMatchObject({ ok: true });
    expect(await stub.describe(OWNER)).toMatchObject({ value: { status: "waiting" } });
  },
);
