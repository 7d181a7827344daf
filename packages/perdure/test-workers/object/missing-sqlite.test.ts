import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { callObject, upgradeRequest } from "../../src/object/index.ts";
import { OWNER } from "../session/setup.ts";
import { problemIn, READER } from "./socket.ts";

const LINES = '"migrations": [{ "tag": "v1", "new_sqlite_classes": ["PlainSessionDO"] }]';

test("M14 a class without SQLite answers every request, call and upgrade with the lines to change", async () => {
  const stub = env.PLAIN_SESSION.getByName("plain");
  for (const request of [new Request("https://object/"), upgradeRequest(READER)]) {
    const response = await stub.fetch(request);
    const { detail } = await response.clone().json<{ detail: string }>();
    expect(await problemIn(response)).toEqual([500, "broken"]);
    expect(detail).toContain(LINES);
  }
  const created = await stub.create(OWNER, { id: "plain" });
  expect(created).toMatchObject({ ok: false, error: { code: "broken" } });
  const meta = callObject(env.PLAIN_SESSION, "plain", (session) => session.getSessionMeta());
  await expect(meta).rejects.toThrow(LINES);
});
