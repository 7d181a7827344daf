// A server, and a gateway that starts an agent for each session that has something to do: two commands in one.
// Usage: node start.mjs [-- <agent command>]. Ctrl-C ends all of it.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const perdure = join(
  fileURLToPath(import.meta.resolve("@perdure/cli/package.json")),
  "../bin/perdure.js",
);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: "string", default: process.env["PORT"] ?? "8787" },
    "gateway-port": { type: "string", default: "7420" },
    dir: { type: "string", default: ".perdure" },
    // Agents work here and below.
    root: { type: "string", default: "work" },
    idle: { type: "string", default: "10m" },
  },
});
const dir = resolve(values.dir);
const root = resolve(values.root);
mkdirSync(root, { recursive: true });
const agent = positionals.length > 0 ? positionals : [process.execPath, perdure, "demo-agent"];
const listen = `127.0.0.1:${values["gateway-port"]}`;

const server = start("serve", "--port", values.port, "--dir", dir, "--gateway", `http://${listen}`);
const connection = ["--url", `http://127.0.0.1:${values.port}`, "--dir", dir, "--listen", listen];
const place = ["--root", root, "--idle", values.idle];
const gateway = start("gateway", ...connection, ...place, "--", ...agent);

let isStopping = false;
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]))
  process.on(signal, () => stop(0));
// One without the other is of no use.
for (const child of [server, gateway]) child.once("exit", (code) => stop(code ?? 1));

/**
 * A command at the head of a process group of its own: what a terminal sends reaches this script alone.
 *
 * @param {...string} parameters
 */
function start(...parameters) {
  return spawn(process.execPath, [perdure, ...parameters], {
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
  });
}

/**
 * The gateway first: its runners hand over what they hold while there is a server to take it.
 *
 * @param {number} code
 */
function stop(code) {
  if (isStopping) return;
  isStopping = true;
  const end = () => {
    server.once("exit", () => process.exit(code));
    if (server.exitCode !== null || !server.kill("SIGTERM")) process.exit(code);
  };
  gateway.once("exit", end);
  if (gateway.exitCode !== null || !gateway.kill("SIGTERM")) end();
}
