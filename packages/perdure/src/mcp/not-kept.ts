/** What a client that comes back is sent in place of messages that were not kept. */

import { MAX_MESSAGE_LENGTH } from "./session-object.ts";
import type { RequestId } from "./stream-name.ts";

/** In place of a message that was too large, as JSON; `answered` is the request that it answered, if it was an answer. */
export function tooLarge(answered: RequestId | undefined): string {
  const message = `This message was longer than ${MAX_MESSAGE_LENGTH} characters and was not kept: ask again, and stay connected.`;
  return JSON.stringify(
    answered === undefined
      ? warning(message)
      : { jsonrpc: "2.0", id: answered, error: { code: -32_603, message } },
  );
}

/** In place of all messages after one position of the log up to another, where a reader is sent nothing but messages. */
export function missing(after: number, to: number) {
  return warning({
    event: "gap",
    after,
    to,
    message: "Messages before this one are not kept any more: what is known may be out of date.",
  });
}

/** A message that clients log. */
function warning(data: unknown) {
  return {
    jsonrpc: "2.0" as const,
    method: "notifications/message",
    params: { level: "warning", logger: "perdure", data },
  };
}
