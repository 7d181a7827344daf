import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { snapshot } from "../../src/connection/index.ts";
import type { StateLayout } from "../../src/connection/index.ts";
import type { AnyState, Deployment, StateDO } from "../objects/state-do.ts";
import { deployed } from "../objects/state-do.ts";

const objectOf = (name: string) => `state ${name}`;

/** Deploys a definition for an object: all of its keys persist where nothing else is said. */
export function deploy(name: string, initial: AnyState, options: Partial<Deployment> = {}): void {
  const definition = { initial, persistedKeys: Object.keys(initial), ...options };
  deployed.set(objectOf(name), definition);
}

/** Deploys another layout for an object. */
export function layOut(name: string, layout: StateLayout): void {
  const definition = deployed.get(objectOf(name)) ?? { initial: {} };
  deployed.set(objectOf(name), { ...definition, layout });
}

/** Does something in an object, and then takes its memory away: what does the next thing has stored values alone. */
export async function inObject<T>(
  name: string,
  work: (object: StateDO) => T | Promise<T>,
): Promise<T> {
  const stub = env.STATE.getByName(objectOf(name));
  const result = await runInDurableObject(stub, work);
  await evictDurableObject(stub);
  return result;
}

/** Changes the state of an object as one handler does. */
export async function handle(name: string, work: (state: AnyState) => void): Promise<void> {
  await inObject(name, ({ persisted, state }) => {
    persisted.begin();
    work(state);
    persisted.flush();
  });
}

/** The state of an object whose memory is new. */
export const stateOf = (name: string): Promise<AnyState> =>
  inObject(name, ({ state }) => snapshot(state));
