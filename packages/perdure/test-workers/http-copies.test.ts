import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { createApp } from "../src/http/index.ts";
import { bearer, post as postWith, refusalOf, SECRET } from "./http-fakes.ts";

const app = createApp<object>({
  sessions: () => env.SESSION_DO,
  index: () => env.SESSION_INDEX,
  logins: () => env.LOGINS,
  secrets: () => SECRET,
});

const send = async (path: string, init: RequestInit = {}) =>
  app.request(`http://127.0.0.1:8787/v1/sessions${path}`, {
    ...init,
    headers: { ...(await bearer({ role: "admin" })), ...(init.headers as Record<string, string>) },
  });

const post = (body: object, headers: Record<string, string> = {}) => postWith(body, headers);

const upload = (path: string, body: BodyInit | null) => send(path, { method: "POST", body });

async function created(id: string): Promise<void> {
  await send("", post({ id, title: "One" }));
  await send(`/${id}`, { ...post({ meta: { color: "red" } }), method: "PATCH" });
}

test("H52 an export is a file of JSON Lines, and where there is nothing to export an answer of its own", async () => {
  await created("exported");
  const response = await send("/exported/export");
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/x-ndjson");
  expect(response.headers.get("content-disposition")).toBe('attachment; filename="exported.jsonl"');
  const lines = (await response.text()).trimEnd().split("\n");
  expect(lines).toHaveLength(4);
  const part = await (await send("/exported/export?at=1")).text();
  expect(part.trimEnd().split("\n")).toHaveLength(3);
  expect(await refusalOf(await send("/missing/export"))).toEqual([404, "session_not_found"]);
  expect(await refusalOf(await send("/exported/export?at=9"))).toEqual([400, "bad_request"]);
  const viewer = await send("/exported/export", { headers: await bearer({ role: "viewer" }) });
  expect(await refusalOf(viewer)).toEqual([403, "forbidden"]);
});

test("H53 a fork answers 201 with its place, and 200 where it was there", async () => {
  await created("forked");
  const first = await send("/forked/fork", post({ id: "http-fork", at: 1, title: "Two" }));
  expect([first.status, first.headers.get("location")]).toEqual([201, "/v1/sessions/http-fork"]);
  expect(await first.json()).toMatchObject({ id: "http-fork", title: "Two", created: true });
  const again = await send("/forked/fork", post({ id: "http-fork", at: 1 }));
  expect([again.status, await again.json()]).toMatchObject([
    200,
    { id: "http-fork", created: false },
  ]);
  const unnamed = await send("/forked/fork", post({}));
  expect(await unnamed.json()).toMatchObject({ meta: { title: "One", color: "red" } });
  expect(await refusalOf(await send("/forked/fork", post({ at: 0 })))).toEqual([
    400,
    "bad_request",
  ]);
  expect(await refusalOf(await send("/forked/fork", post({ id: "forked" })))).toEqual([
    409,
    "session_exists",
  ]);
  const participant = await bearer({ role: "participant" });
  expect(await refusalOf(await send("/forked/fork", post({}, participant)))).toEqual([
    403,
    "forbidden",
  ]);
});

test("H54 an import reads an export, and refuses what is none or not whole", async () => {
  await created("source");
  const file = await (await send("/source/export")).text();
  const response = await upload("/imported/import", file);
  expect([response.status, response.headers.get("location")]).toEqual([
    201,
    "/v1/sessions/imported",
  ]);
  expect(await response.json()).toMatchObject({ id: "imported", meta: { color: "red" } });
  expect(await refusalOf(await upload("/imported/import", file))).toEqual([409, "session_exists"]);
  for (const body of [null, "", "{}", file.slice(0, -5), file.replace("red", "rod")])
    expect(await refusalOf(await upload("/refused/import", body))).toEqual([400, "bad_request"]);
  expect((await send("/refused")).status).toBe(404);
});

test("H3 a token for one session neither forks nor imports", async () => {
  await created("mine");
  const headers = await bearer({ role: "admin", session: "mine" });
  expect((await send("/mine/fork", post({}, headers))).status).toBe(403);
  expect((await send("/mine/import", { method: "POST", headers, body: "{}" })).status).toBe(403);
});
