/** The guide's snippets on connections and rooms, run together: the Worker in workerd, the page's part here. */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";
import { signToken } from "../../src/auth/index.ts";
import { allSnippets, ROOT } from "../docs/snippets.ts";

const SECRET = "a secret that is only good for this test";

/** A folder that the other checks leave out. */
const FOLDER = join(import.meta.dirname, "dist/rooms");

/** What the test needs of the page's client. */
interface Client {
  room(name: string): { getMembers(): readonly unknown[] };
  close(): void;
}

const CLASSES = ["UserConnection", "ChatRoom", "QuietRoom"];

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
        durable_objects: { bindings: CLASSES.map((name) => ({ name, class_name: name })) },
        migrations: [{ tag: "v1", new_sqlite_classes: CLASSES }],
        alias: {
          "perdure/connection": source("connection"),
          "perdure/auth": source("auth"),
          "perdure/protocol": source("protocol"),
        },
        vars: { SECRET },
      },
    },
  ],
});

let url: URL;

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  for (const { document, file, code } of allSnippets())
    if (document === "docs/guides/connections.md") writeFileSync(join(FOLDER, file), code);
  writeFileSync(
    join(FOLDER, "main.ts"),
    `export * from "./room-worker.ts";
     export { default } from "./room-worker.ts";
     export { QuietRoom } from "./room-class.ts";`,
  );
  ({ url } = await server.listen());
}, 60_000);

afterAll(async () => {
  await server.close();
  rmSync(FOLDER, { recursive: true, force: true });
});

test("people in a room hear each other and see who is there, as the guide says", async () => {
  const told = vi.spyOn(console, "log").mockReturnValue();
  const page = (await import(join(FOLDER, "room-page.tsx"))) as {
    readonly join: (url: string, token: () => Promise<string>) => Client;
    readonly say: (client: Client, text: string) => Promise<void>;
  };
  const enter = (subject: string) =>
    page.join(new URL("/chat", url).href, () =>
      signToken(SECRET, { subject, session: "*", role: "participant", expiresInSeconds: 60 }),
    );
  const clients = [enter("ada"), enter("bob")] as const;
  await vi.waitFor(() => {
    for (const client of clients) expect(client.room("chat:lobby").getMembers()).toHaveLength(2);
  });
  await page.say(clients[0], "Hello.");
  await vi.waitFor(() => {
    const heard = told.mock.calls.filter(([text]) => text === "ada: Hello.");
    expect(heard).toHaveLength(2);
  });
  await expect(page.say(clients[0], "x".repeat(501))).rejects.toMatchObject({
    code: "bad_request",
  });
  clients[1].close();
  await vi.waitFor(() => expect(clients[0].room("chat:lobby").getMembers()).toHaveLength(1));
  clients[0].close();
  told.mockRestore();
});
