import { isObject } from "perdure/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunningServer } from "./support/scene.ts";
import { Scene } from "./support/scene.ts";
import { until } from "./support/until.ts";

const scene = new Scene();
let server: RunningServer;

beforeAll(async () => {
  server = await scene.startServer();
});

afterAll(() => scene.end());

/** Runs a command of the built program against the server; answers what it printed. */
async function command(...parameters: readonly string[]) {
  const program = scene.run(...parameters, "--url", server.url, "--dir", scene.dir);
  const { code } = await program.exited;
  const { stdout, stderr } = program;
  return { code, stdout, stderr };
}

/** Invites by command to a new session; answers the link, its token, and the id that was printed beside it. */
async function invite(session: string, ...options: readonly string[]) {
  await server.api.post("v1/sessions", { id: session });
  const { code, stdout, stderr } = await command("invite", session, ...options);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^http:\S+\/join\?token=\S+\n$/)]);
  const [, id = ""] = /^invitation (\S+)\n$/.exec(stderr) ?? [];
  const link = stdout.trim();
  return { id, link, token: new URL(link).searchParams.get("token") };
}

const accept = (token: string | null, name: string) =>
  fetch(new URL("/join", server.url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, name }),
  });

/** Accepts an invitation as a program does; answers the guest's token. */
async function join(token: string | null, name = "Bob"): Promise<string> {
  const answer: unknown = await (await accept(token, name)).json();
  return isObject(answer) ? String(answer["token"]) : "";
}

/** A token of the server's own for one session. */
async function tokenOf(session: string, subject: string, ...options: string[]): Promise<string> {
  const who = ["--session", session, "--role", "viewer", "--subject", subject, ...options];
  const program = scene.run("token", ...who, "--dir", scene.dir);
  expect(await program.exited).toMatchObject({ code: 0 });
  return program.stdout.trim();
}

const idOf = (token: string): unknown =>
  (JSON.parse(atob(token.split(".")[1] ?? "")) as { readonly jti: unknown }).jti;

test("P4 perdure invite prints a link alone, which lets as many people in as it was told", async () => {
  const { id, link, token } = await invite("invited", "--role", "participant", "--uses", "1");
  expect(await (await fetch(link)).text()).toContain("You are invited to take part");
  expect(await server.api.get("v1/sessions/invited/invitations")).toMatchObject({
    invitations: [{ id, role: "participant", usesLeft: 1 }],
  });
  const guest = await join(token);
  expect((await accept(token, "Eve")).status).toBe(410);
  expect(await command("send", "invited", "hello", "--token", guest)).toMatchObject({ code: 0 });
  expect(await command("tail", "invited", "--token", guest)).toMatchObject({ code: 0 });
});

test("P4 an invitation is for viewers, for any number of them, and for a day, unless it is told otherwise", async () => {
  const { token } = await invite("defaults");
  const [one, other] = [await join(token, "Bob"), await join(token, "Eve")];
  expect(await command("send", "defaults", "hello", "--token", one)).toMatchObject({ code: 3 });
  expect(await command("tail", "defaults", "--token", other)).toMatchObject({ code: 0 });
  const page = await server.api.get("v1/sessions/defaults/invitations");
  const [first] = (page as { readonly invitations: readonly Record<string, number>[] }).invitations;
  const { expiresAt = 0, createdAt = 0 } = first ?? {};
  expect(Math.round((expiresAt - createdAt) / 60_000)).toBe(24 * 60);
});

test("P5 perdure revoke --invitation ends the guest's connection, and the link", async () => {
  const { id, token } = await invite("revoked", "--expires", "2h");
  const guest = await join(token);
  const parameters = ["tail", "--follow", "revoked", "--token", guest, "--url", server.url];
  const follower = scene.run(...parameters);
  await until("the guest reads", async () =>
    JSON.stringify(await server.api.get("v1/sessions/revoked")).includes("guest:"),
  );
  const revoked = await command("revoke", "revoked", "--invitation", id);
  expect(revoked).toEqual({ code: 0, stdout: "", stderr: "revoked\n" });
  expect(await follower.exited).toEqual({ code: 3, signal: null });
  expect(follower.stderr).toContain("unauthorized");
  expect(await command("tail", "revoked", "--token", guest)).toMatchObject({ code: 3 });
  expect((await accept(token, "Eve")).status).toBe(410);
  // Once more is harmless.
  expect(await command("revoke", "revoked", "--invitation", id)).toMatchObject({ code: 0 });
});

test("P6 perdure revoke --subject takes back what was issued up to now, and --jti one token", async () => {
  await server.api.post("v1/sessions", { id: "subjects" });
  const codeFor = async (token: string) =>
    (await command("tail", "subjects", "--token", token)).code;
  const [before, eve] = [await tokenOf("subjects", "bob"), await tokenOf("subjects", "eve")];
  expect(await command("revoke", "subjects", "--subject", "bob")).toMatchObject({ code: 0 });
  const after = await tokenOf("subjects", "bob");
  expect([await codeFor(before), await codeFor(after), await codeFor(eve)]).toEqual([3, 0, 0]);
  const one = ["--jti", String(idOf(after))];
  expect(await command("revoke", "subjects", ...one)).toMatchObject({ code: 0 });
  const another = await tokenOf("subjects", "bob", "--expires", "never");
  expect([await codeFor(after), await codeFor(another)]).toEqual([3, 0]);
});

test.for([
  [["invite", "wrong", "--expires", "never"], "An invitation expires"],
  [["invite", "wrong", "--expires", "400d"], "at most 365d"],
  [["invite", "wrong", "--expires", "soon"], "such as"],
  [["invite", "wrong", "--uses", "0"], "from 1 to 1000"],
  [["invite", "wrong", "--uses", "1001"], "from 1 to 1000"],
  [["invite", "wrong", "--role", "admin"], "viewer, participant"],
  [["revoke", "wrong"], "one of --subject, --invitation and --jti"],
  [["revoke", "wrong", "--subject", "a", "--jti", "b"], "one of --subject"],
] as const)("%j is a wrong command line, and says what is right", async ([parameters, why]) => {
  const { code, stdout, stderr } = await command(...parameters);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(why);
});

test("who is no admin of the session neither invites nor revokes, and nobody does where there is none", async () => {
  await server.api.post("v1/sessions", { id: "mine" });
  const token = await tokenOf("mine", "bob");
  for (const parameters of [
    ["invite", "mine"],
    ["revoke", "mine", "--subject", "eve"],
  ])
    expect(await command(...parameters, "--token", token)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("forbidden") as string,
    });
  expect(await command("invite", "nowhere")).toMatchObject({ code: 4, stdout: "" });
  expect(await command("revoke", "nowhere", "--subject", "a")).toMatchObject({ code: 4 });
});
