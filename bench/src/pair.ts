/** Perdure and those beside it, each on a server of its own, with the Workers of one subject. */

import { join } from "node:path";
import { bundle } from "./bundle.ts";
import type { ObjectClass } from "./server.ts";
import { Server } from "./server.ts";

/** Perdure and what one writes by hand. */
export type PairName = "perdure" | "bare";

/** The servers of one subject. */
export interface Subject<Name extends string> {
  /** Where their storage is. */
  readonly folder: string;
  /** Their Workers are `workers/<name>-<subject>.ts`. */
  readonly subject: string;
  readonly names: readonly Name[];
}

/** Starts both, has them measured, and stops them, however that ends. */
export function withPair<T>(
  subject: Omit<Subject<PairName>, "names">,
  classesOf: (name: PairName) => readonly ObjectClass[],
  measure: (servers: Readonly<Record<PairName, Server>>) => Promise<T>,
): Promise<T> {
  return withServers({ ...subject, names: ["perdure", "bare"] }, classesOf, measure);
}

/** Starts all, has them measured, and stops them, however that ends. */
export async function withServers<Name extends string, T>(
  { folder, subject, names }: Subject<Name>,
  classesOf: (name: Name) => readonly ObjectClass[],
  measure: (servers: Readonly<Record<Name, Server>>) => Promise<T>,
): Promise<T> {
  const started: Server[] = [];
  const kill = () => started.forEach((server) => server.kill());
  process.once("exit", kill);
  try {
    const servers: Partial<Record<Name, Server>> = {};
    for (const name of names) servers[name] = await start(name);
    return await measure(servers as Record<Name, Server>);
  } finally {
    process.off("exit", kill);
    for (const server of started) await server.stop();
  }

  async function start(name: Name): Promise<Server> {
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
