import { afterAll, beforeAll, expect, test } from "vitest";
import { CutProxy } from "./support/cut-proxy.ts";
import { PERDURE } from "./support/program.ts";
import { Scene } from "./support/scene.ts";

const scene = new Scene();
/** Leads to the server under a name that it does not answer to. */
let proxy: CutProxy;

beforeAll(async () => {
  proxy = await CutProxy.open();
  const server = await scene.startServer();
  await server.api.post("v1/sessions", { id: "s1" });
  proxy.leadTo(server.port);
});

afterAll(async () => {
  proxy.close();
  await scene.end();
});

test.each([
  ["ls"],
  ["tail", "s1"],
  ["new"],
  ["send", "s1", "hello"],
  ["run", "--session", "s1", "--", process.execPath, PERDURE, "demo-agent"],
])("H7 `perdure %s` says that the server does not answer to this name", async (...parameters) => {
  const [command = "", ...rest] = parameters;
  const program = scene.run(command, "--url", proxy.url, "--dir", scene.dir, ...rest);
  expect(await program.exited).toEqual({ code: 3, signal: null });
  expect(program.stderr).toContain("bad_host: The server does not answer to this host name");
});
