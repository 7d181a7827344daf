import type { SessionCosts } from "./costs.ts";
import type { Scene } from "./scene.ts";
import { bundleWorker } from "./worker-bundle.ts";

/**
 * Starts a server whose Worker is the product's with doors for tests.
 *
 * @param name The Worker: a file beside this one, without its ending.
 */
export async function startServerWithDoors(
  scene: Scene,
  parameters: readonly string[] = [],
  name = "chaos-worker",
) {
  const worker = await bundleWorker(name, scene.folder);
  const server = await scene.startServer({ parameters: ["--worker", worker, ...parameters] });
  const open = async (session: string, door: string, given = 0): Promise<unknown> => {
    const url = `${server.url}/_test/${session}/${door}`;
    const response = await fetch(url, { method: "POST", body: String(given) });
    if (!response.ok) throw new Error(`The door ${door} answers ${response.status}.`);
    return response.json();
  };
  return {
    ...server,
    /** Opens any door. */
    open,
    /** Rows that a session has read and written, and calls that moved its alarm. */
    costs: async (session: string) => (await open(session, "costs")) as SessionCosts,
    /** Appends as many events, each in a row of its own. */
    fill: (session: string, events: number) => open(session, "fill", events),
    /** Retention: forgets events up to a position, and answers the new floor. */
    trim: async (session: string, position: number) =>
      Number(await open(session, "trim", position)),
    /** Ends the object at once: its memory and its sockets go. */
    abort: (session: string) => open(session, "abort"),
  };
}
