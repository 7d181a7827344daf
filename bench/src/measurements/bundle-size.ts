import { bundle, gzippedBytes } from "../bundle.ts";
import type { Budget, Measurement } from "../harness.ts";

const KILOBYTE = 1024;

const CLIENTS = {
  perdure: `export { SessionClient } from "perdure/client";`,
  agents: `export { AgentClient } from "agents/client";`,
  partyserver: `export { PartySocket } from "partysocket";`,
};

const WORKERS = {
  perdure: `import { SessionDO } from "perdure/session"; export { SessionDO };
    export default { fetch: (request, env) => env.SESSION_DO.getByName("one").fetch(request) };`,
  agents: `import { Agent, routeAgentRequest } from "agents"; export class Log extends Agent {}
    export default { fetch: (request, env) => routeAgentRequest(request, env) };`,
  partyserver: `import { Server, routePartykitRequest } from "partyserver";
    export class Log extends Server { static options = { hibernate: true }; }
    export default { fetch: (request, env) => routePartykitRequest(request, env) };`,
};

export const bundleSize: Measurement = {
  name: "bundle-size",
  method:
    "Rolldown, minified, one file, gzip at level 9; what the platform brings is left out. *Client*: `perdure/client`, `AgentClient` of `agents/client`, `PartySocket`. *Worker*: the smallest that exports the object's class and reaches it.",
  remarks: {
    bare: "nothing to weigh",
    partyserver: "its client is a reconnecting socket, without state or cursor",
    node: "nothing to weigh",
  },
  async run() {
    const clients = await sizesOf(CLIENTS, "browser");
    const workers = await sizesOf(WORKERS, "worker");
    return [
      {
        title: "client, gzipped",
        unit: "bytes",
        better: "less",
        values: clients,
        budgets: [atMost(10, clients["perdure"])],
      },
      {
        title: "Worker with its object, gzipped",
        unit: "bytes",
        better: "less",
        values: workers,
        budgets: [atMost(60, workers["perdure"])],
      },
    ];
  },
};

async function sizesOf(
  texts: Readonly<Record<string, string>>,
  target: "browser" | "worker",
): Promise<Record<string, number[]>> {
  const sizes: Record<string, number[]> = {};
  for (const [name, text] of Object.entries(texts))
    sizes[name] = [gzippedBytes(await bundle({ text }, target))];
  return sizes;
}

function atMost(kilobytes: number, [size = Number.NaN]: readonly number[] = []): Budget {
  return {
    text: `≤ ${kilobytes} KB`,
    measured: `${(size / KILOBYTE).toFixed(1)} KB`,
    isMet: size <= kilobytes * KILOBYTE,
  };
}
