/** Ids of MCP sessions. */

import { PerdureError } from "../protocol/index.ts";
import { mintId, verifyId } from "./signed-id.ts";

/** Longest id of a session, in characters: it is part of the name of an object and of every row about it. */
export const MAX_SESSION_ID_LENGTH = 256;

/** Whether a text may be the id of a session: 1 to 256 characters of visible ASCII (0x21 to 0x7E), as the MCP specification has it. */
export function isSessionId(text: string): boolean {
  return text.length <= MAX_SESSION_ID_LENGTH && /^[\x21-\x7e]+$/.test(text);
}

/** Throws `bad_request` where a text cannot be the id of a session. */
export function checkSessionId(text: string): void {
  if (!isSessionId(text))
    throw new PerdureError(
      "bad_request",
      "The id of an MCP session is 1 to 256 characters of visible ASCII.",
    );
}

/** A new session id, unguessable and signed with `secret`, 66 characters. Throws a `RangeError` where the secret is shorter than 32 bytes. */
export function mintSessionId(secret: string): Promise<string> {
  return mintId("session", secret);
}

/** Whether `mintSessionId` made this id with this secret; nothing else about the session. Throws as `mintSessionId` does. */
export function verifySessionId(secret: string, id: string): Promise<boolean> {
  return verifyId("session", secret, id);
}
