import { env } from "cloudflare:workers";
import type { Identity } from "../../src/object/index.ts";
import type { Command, Reply } from "../../src/protocol/index.ts";
import type { Result } from "../../src/session/index.ts";

export const OWNER: Identity = { subject: "ada", role: "admin", expiresAt: null };

export const as = (role: Identity["role"]): Identity => ({ subject: role, role, expiresAt: null });

export const PROMPT = { op: "prompt", parts: [{ type: "text", text: "hello" }] } as const;

/** A session that was created. */
export async function createdSession(id: string) {
  const stub = env.SESSION_DO.getByName(id);
  valueOf(await stub.create(OWNER, { id }));
  return stub;
}

/** What a session has to answer a command. */
export interface Commanded {
  command(identity: Identity, id: string, command: Command): Promise<Reply>;
}

/** The position of a command that succeeded. */
export function positionOf(reply: Reply): number {
  if (!reply.ok) throw new Error(reply.error.detail);
  return reply.result.position;
}

export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.error.detail);
  return result.value;
}
