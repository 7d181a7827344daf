/** Perdure and what one writes by hand, each on a server of its own, with the Workers of one subject. */

import { join } from "node:path";
import { bundle } from "./bundle.ts";
import type { ObjectClass } from "./server.ts";
import { Server } from "./server.ts";

/** The two that are measured beside each other. */
export type PairName = "perdure" | "bare";

/**
 * Starts both, has them measured, and stops them, however that ends.
 *
 * @param subject Their Workers are `workers/<name>-<subject>.ts`.
 */
export async function withPair<T>(
  { folder, subject }: { readonly folder: string; readonly subject: string },
  classesOf: (name: PairName) => readonly ObjectClass[],
  measure: (servers: Readonly<Record<PairName, Server>>) => Promise<T>,
): Promise<T> {
  const started: Server[] = [];
  const kill = () => started.forEach((server) => server.kill());
  process.once("exit", kill);
  try {
    return await measure({ perdure: await start("perdure"), bare: await start("bare") });
  } finally {
    process.off("exit", kill);
    for (const server of started) await server.stop();
  }

  async function start(name: PairName): Promise<Server> {
    const path = join(import.meta.dirname, "workers", `${name}-${subject}.ts`);
    const code = await bundle({ path }, "worker");
    const classes = classesOf(name);
    const own = join(folder, `${name}-${subject}-${crypto.randomUUID()}`);
    const server = new Server(own, { kind: "workerd", code, classes });
    started.push(server);
    await server.start();
    return server;
  }
}
