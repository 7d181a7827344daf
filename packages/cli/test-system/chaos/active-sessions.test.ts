import { isObject } from "perdure/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { maxActiveSessions, maxConnections } from "../../src/serve/open-files.ts";
import { openFilesOf } from "../support/open-files-of.ts";
import type { RunningServer } from "../support/scene.ts";
import { Scene } from "../support/scene.ts";
import { until } from "../support/until.ts";

/** So few that sessions without a socket can take them all. */
const OPEN_FILES = 400;

const LIMIT = maxActiveSessions(OPEN_FILES, maxConnections(OPEN_FILES));

/** More than would fit into the files without a limit, and how many are asked for at the same time. */
const SESSIONS = 200;
const AT_ONCE = 20;

const scene = new Scene();
let server: RunningServer;
let authorization = "";

beforeAll(async () => {
  server = await scene.startServer({ openFiles: OPEN_FILES });
  authorization = `Bearer ${await scene.token()}`;
});

afterAll(() => scene.end());

/** Creates a session; answers what came of it. */
async function create(id: string) {
  const response = await fetch(`${server.url}/v1/sessions`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ id }),
  });
  const answer: unknown = await response.json();
  if (response.ok) return "created";
  const code = isObject(answer) ? answer["code"] : undefined;
  return `${response.status} ${String(code)}, again after ${response.headers.get("retry-after")} s`;
}

test("H30 sessions without a socket cannot take all files: further ones are refused until some hibernate", async () => {
  expect(LIMIT).toBe(72);
  const outcomes: string[] = [];
  for (let from = 0; from < SESSIONS; from += AT_ONCE) {
    const crowd = Array.from({ length: AT_ONCE }, (_, index) => create(`s${from + index}`));
    outcomes.push(...(await Promise.all(crowd)));
  }
  expect(openFilesOf(await scene.workerdPid()) ?? 0).toBeLessThan(OPEN_FILES);
  const refused = outcomes.indexOf("503 unavailable, again after 5 s");
  expect(new Set(outcomes)).toEqual(new Set(["created", outcomes[refused]]));
  expect(outcomes.filter((outcome) => outcome === "created").length).toBeGreaterThanOrEqual(LIMIT);

  expect(await server.api.get("v1/sessions/s0")).toMatchObject({ head: 1 });
  await until("there is room", async () => (await create(`s${refused}`)) === "created");
  expect(server.program.stderr).toBe("");
});
