import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { createAuth } from "../../src/auth/index.ts";
import { connectionRoutes, defineConnection } from "../../src/connection/index.ts";
import { openSocket } from "../object/socket.ts";
import { createdSession } from "../session/setup.ts";

const URL_OF_APP = "https://app.example/ws";

const auth = createAuth({
  binding: ({ AUTH_SESSION }: Cloudflare.Env) => AUTH_SESSION,
  objects: 4,
});

const login = (userId: string) => auth.issue(new Request(URL_OF_APP), env, { userId });

const upgrade = (token: string) =>
  new Request(URL_OF_APP, {
    headers: {
      upgrade: "websocket",
      origin: "https://app.example",
      cookie: `__Host-session=${token}`,
    },
  });

const signOut = (token: string) =>
  new Request(URL_OF_APP, { method: "POST", headers: { authorization: `Bearer ${token}` } });

/** Opens a socket for a session, as an app's own route would. */
async function socketOf(
  token: string,
  stub: Pick<Fetcher, "fetch">,
  place: { readonly binding: string; readonly name: string },
) {
  const identity = await auth.authenticate(upgrade(token), env, place);
  if (identity === null) throw new Error("nobody is logged in");
  return openSocket(stub, identity);
}

/** Whether a socket is closed within a second, as the rule says. */
const inTime = (closed: Promise<{ readonly code: number }>) =>
  Promise.race([closed.then(({ code }) => code), scheduler.wait(1_000).then(() => "too late")]);

test("Q21 signing out closes the session's sockets in objects of several classes, and no others", async () => {
  const phone = await login("ada");
  const laptop = await login("ada");
  const session = await createdSession("auth-sockets");
  const kernel = env.KERNEL.getByName("auth sockets");
  const inSession = { binding: "SESSION_DO", name: "auth-sockets" };
  const inKernel = { binding: "KERNEL", name: "auth sockets" };
  const sockets = [
    await socketOf(phone.token, session, inSession),
    await socketOf(phone.token, kernel, inKernel),
  ];
  const other = await socketOf(laptop.token, kernel, inKernel);
  await evictDurableObject(kernel);
  await evictDurableObject(session);
  await auth.signOut(signOut(phone.token), env);
  for (const { closed } of sockets) expect(await inTime(closed)).toBe(4401);
  other.socket.send("still here");
  expect(await auth.read(signOut(laptop.token), env)).toEqual(laptop.session);
  await auth.revokeAll(env, "ada");
  expect(await inTime(other.closed)).toBe(4401);
});

test("Q21 a connection that `connectionRoutes` opened is closed with the session", async () => {
  const routes = connectionRoutes(
    defineConnection({ name: "UserDO", connectionBinding: "USER", websocketPath: "/ws" }),
    {
      authenticate: (request: Request, given: Cloudflare.Env) =>
        auth.authenticate(request, given, { binding: "USER" }),
    },
  );
  const { token } = await login("auth connection");
  const { webSocket } = await routes(upgrade(token), env);
  if (webSocket === null) throw new Error("the upgrade was refused");
  const closed = new Promise<{ code: number }>((resolve) => {
    webSocket.addEventListener("close", ({ code }) => resolve({ code }));
  });
  webSocket.accept();
  await auth.signOut(signOut(token), env);
  expect(await inTime(closed)).toBe(4401);
});

test("Q21 a session that has ended opens no socket, and one for a binding that is not there is refused", async () => {
  const { token } = await login("bob");
  await expect(
    runInDurableObject(env.AUTH_SESSION.getByName("no such binding"), async (object) => {
      await object.create({ token, userId: "bob" });
      await object.watch(token, { binding: "NO_SUCH", name: "x" });
    }),
  ).rejects.toThrow("NO_SUCH");
  await auth.signOut(signOut(token), env);
  expect(await auth.authenticate(upgrade(token), env, { binding: "KERNEL" })).toBeNull();
});

test("Q21 the socket of a session is closed when the session's time is over", async () => {
  const { token, session } = await login("carol");
  const identity = await auth.authenticate(upgrade(token), env);
  expect(identity).toEqual({
    subject: "carol",
    expiresAt: session.expiresAt,
    token: { id: session.id, issuedAt: session.createdAt },
  });
});
