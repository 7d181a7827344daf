import { expect, test } from "vitest";
import { appOver, bearer, post, refusalOf } from "./http-fakes.ts";
import { ConnectionGate, SessionGate } from "../src/http/index.ts";

/** An app where one session may be awake, and `s1` is. */
async function appAtLimit() {
  const app = appOver({ maxActiveSessions: 1 }, new ConnectionGate(), new SessionGate());
  const headers = await bearer({ role: "admin" });
  expect((await app.send("/v1/sessions", post({ id: "s1" }, headers))).status).toBe(201);
  return { ...app, headers };
}

/** How a request was answered, and whether an object other than that of `s1` heard of it. */
async function outcomeOf(
  { send, sessions }: Awaited<ReturnType<typeof appAtLimit>>,
  path: string,
  init: RequestInit,
) {
  const response = await send(path, init);
  return {
    refusal: await refusalOf(response),
    retryAfter: response.headers.get("retry-after"),
    reached: sessions.sockets.length + sessions.calls.filter(([name]) => name !== "s1").length,
  };
}

const REFUSED = { refusal: [503, "unavailable"], retryAfter: "5", reached: 0 };

test.each(["", "/messages", "/approvals", "/events", "/ws", "/runner"])(
  "H30 at the limit `GET /v1/sessions/:id%s` reaches the session that is awake and no further one",
  async (path) => {
    const app = await appAtLimit();
    const init = { headers: { ...app.headers, upgrade: "websocket" } };
    expect(await outcomeOf(app, `/v1/sessions/s2${path}`, init)).toEqual(REFUSED);
    expect([101, 200]).toContain((await app.send(`/v1/sessions/s1${path}`, init)).status);
  },
);

test("H30 at the limit a stream reaches no further session", async () => {
  const app = await appAtLimit();
  const headers = { ...app.headers, accept: "text/event-stream" };
  expect(await outcomeOf(app, "/v1/sessions/s2/events", { headers })).toEqual(REFUSED);
});

test.each([
  ["", { id: "s2" }],
  ["/s2/messages", { id: "m1", text: "hello" }],
  ["/s2/cancel", {}],
  ["/s2/approvals/7.1", { option: "yes" }],
  ["/s2/terminate", {}],
])("H30 at the limit `POST /v1/sessions%s` reaches no further session", async (path, body) => {
  const app = await appAtLimit();
  const request = post(body, app.headers);
  expect(await outcomeOf(app, `/v1/sessions${path}`, request)).toEqual(REFUSED);
});

test("H30 a request that makes no sense takes no place", async () => {
  const active = new SessionGate();
  const { send } = appOver({ maxActiveSessions: 1 }, new ConnectionGate(), active);
  const senseless = post({}, await bearer({ role: "admin" }));
  expect((await send("/v1/sessions/s2/messages", senseless)).status).toBe(400);
  expect(active.count).toBe(0);
});
