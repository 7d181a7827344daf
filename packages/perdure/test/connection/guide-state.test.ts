/** The guide's snippets on state that persists itself, run in one Worker. */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";
import { signToken } from "../../src/auth/index.ts";
import { allSnippets, ROOT } from "../docs/snippets.ts";
import { Guest } from "./guest.ts";

const SECRET = "a secret that is only good for this test";

const SNIPPETS = allSnippets().filter(
  ({ document, file }) => document === "docs/guides/persisted-state.md" && file.endsWith(".ts"),
);

/** The classes of each snippet, and the binding of each. */
const CLASSES = {
  Counter: "COUNTER",
  People: "PEOPLE",
  SeededMoved: "MOVED",
  Shallow: "SHALLOW",
  Deep: "DEEP",
  Strict: "STRICT",
  Lenient: "LENIENT",
  AccountConnection: "ACCOUNT",
};

/** A folder that the other checks leave out. */
const FOLDER = join(import.meta.dirname, "dist/state");

const source = (room: string) => join(ROOT, "packages/perdure/src", room, "index.ts");

// Nothing is fetched from the network.
vi.stubEnv("CLOUDFLARE_CF_FETCH_ENABLED", "false");
const server = createTestHarness({
  workers: [
    {
      config: {
        name: "guide",
        main: join(FOLDER, "main.ts"),
        compatibility_date: "2026-10-23",
        durable_objects: {
          bindings: Object.entries(CLASSES).map(([class_name, name]) => ({ name, class_name })),
        },
        migrations: [{ tag: "v1", new_sqlite_classes: Object.keys(CLASSES) }],
        alias: { "perdure/connection": source("connection"), "perdure/auth": source("auth") },
        vars: { SECRET },
      },
    },
  ],
});

let url: URL;

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  for (const { file, code } of SNIPPETS) {
    // Each is a Worker of its own, or part of one; here all are part of one.
    const definition = /^const (\w+) = defineConnection/gm;
    writeFileSync(
      join(FOLDER, file),
      code.replaceAll(definition, "export const $1 = defineConnection"),
    );
  }
  writeFileSync(
    join(FOLDER, "main.ts"),
    `import { connectionRoutes } from "perdure/connection";
     import people from "./persisted-people.ts";
     ${SNIPPETS.map(({ file }, index) => `import * as snippet${index} from "./${file}";`).join("\n")}
     ${SNIPPETS.map(({ file }) => `export * from "./${file}";`).join("\n")}
     import { Moved } from "./persisted-takeover.ts";
     export class SeededMoved extends Moved {
       async seed() { await this.ctx.storage.put("_older_persist:theme", '"light"'); }
     }
     const snippets = [${SNIPPETS.map((_, index) => `snippet${index}`).join(", ")}];
     const definitions = snippets.flatMap((snippet) => Object.values(snippet)).filter((one) => one.websocketPath);
     export default {
       fetch(request, env) {
         const { pathname } = new URL(request.url);
         if (pathname === "/people") return people.fetch(request, env);
         if (pathname === "/seed") return env.MOVED.getByName("cid").seed().then(() => new Response());
         return connectionRoutes(definitions.find((one) => one.websocketPath === pathname), {
           authenticate: (asked) => ({ subject: new URL(asked.url).searchParams.get("userId") }),
         })(request, env);
       },
     };`,
  );
  ({ url } = await server.listen());
}, 60_000);

afterAll(async () => {
  await server.close();
  rmSync(FOLDER, { recursive: true, force: true });
});

/** Its memory is lost; its sockets stay open. */
const evict = (binding: string, name: string) =>
  server.getWorker("guide").evictDurableObject(binding, { name, webSockets: "hibernate" });

test("the counter and the theme stay over an eviction and a reconnection", async () => {
  const guest = await Guest.connect(url, "/counter", "ada");
  expect(await guest.next()).toEqual(["settings", { clicks: 0, theme: "dark" }]);
  guest.send("click");
  expect(await guest.next()).toEqual(["clicks", 1]);
  await evict("COUNTER", "ada");
  guest.send("click");
  expect(await guest.next()).toEqual(["clicks", 2]);
  guest.send("theme", "light");
  await guest.settled();
  await guest.close();
  const again = await Guest.connect(url, "/counter", "ada");
  expect(await again.next()).toEqual(["settings", { clicks: 2, theme: "light" }]);
});

test("a person is who the token says, whatever the address says", async () => {
  const token = await signToken(SECRET, {
    subject: "bob",
    session: "*",
    role: "participant",
    expiresInSeconds: 60,
  });
  const guest = await Guest.connect(url, "/people", "ada", token);
  expect(await guest.next()).toEqual(["you", { userId: "bob" }]);
});

test("values that another library wrote as JSON are taken over", async () => {
  await fetch(new URL("/seed", url));
  await evict("MOVED", "cid");
  const guest = await Guest.connect(url, "/moved", "cid");
  expect(await guest.next()).toEqual(["theme", "light"]);
});

test("a nested change persists where it is tracked, and by assignment where it is not", async () => {
  const shallow = await Guest.connect(url, "/shallow", "dora");
  expect(await shallow.next()).toEqual(["fontSize", 12]);
  shallow.send("lost");
  await shallow.settled();
  await shallow.close();
  await evict("SHALLOW", "dora");
  const again = await Guest.connect(url, "/shallow", "dora");
  expect(await again.next()).toEqual(["fontSize", 12]);
  again.send("kept");
  await again.settled();
  await again.close();
  await evict("SHALLOW", "dora");
  const third = await Guest.connect(url, "/shallow", "dora");
  expect(await third.next()).toEqual(["fontSize", 16]);

  const deep = await Guest.connect(url, "/deep", "dora");
  expect(await deep.next()).toEqual(["seen", null]);
  deep.send("visit");
  await deep.settled();
  await deep.close();
  await evict("DEEP", "dora");
  const later = await Guest.connect(url, "/deep", "dora");
  expect(await later.next()).toEqual(["seen", 2026]);
});

test("a value that is too large is refused where it is assigned, or told to onPersistError", async () => {
  const strict = await Guest.connect(url, "/strict", "eve");
  strict.send("write", "small");
  expect(await strict.next()).toEqual(["refused", { key: "text", code: "too_large", text: "" }]);
  const lenient = await Guest.connect(url, "/lenient", "eve");
  lenient.send("write", "small");
  expect(await lenient.next()).toEqual(["text", ""]);
});

test("notes, messages, a transfer and SQL do what the guide says", async () => {
  const guest = await Guest.connect(url, "/account", "fay");
  expect(await guest.next()).toEqual(["messages", []]);
  guest.send("saveNote", { id: "a", text: "first" });
  guest.send("saveNote", { id: "b", text: "second" });
  guest.send("deleteNote", { id: "a" });
  guest.send("getNotes");
  expect(await guest.next()).toEqual(["notes", ["second"]]);
  guest.send("transfer", { amount: 10, to: "bob" });
  expect(await guest.next()).toEqual(["refused", "Insufficient balance"]);
  guest.send("deposit", { amount: 30 });
  guest.send("transfer", { amount: 10, to: "bob" });
  expect(await guest.next()).toEqual(["transferred", { amount: 10, to: "bob" }]);
  guest.send("log", { text: "one" });
  expect(await guest.next()).toEqual(["log", ["one"]]);
  for (let count = 1; count <= 51; count += 1) guest.send("message", { text: `${count}` });
  await guest.settled();
  await evict("ACCOUNT", "fay");
  const again = await Guest.connect(url, "/account", "fay");
  const [, messages] = (await again.next()) as [string, { text: string }[]];
  expect([messages.length, messages[0]?.text, messages.at(-1)?.text]).toEqual([50, "2", "51"]);
});
