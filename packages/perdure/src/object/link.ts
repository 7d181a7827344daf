/** A socket as the rooms see it: what they may do with it, and what survives hibernation. */

import type { AgentInfo } from "../protocol/index.ts";
import type { Connection } from "./identity.ts";

/**
 * What a socket's attachment holds: all that must survive hibernation. The platform allows 16,384 bytes.
 */
export interface Attachment extends Connection {
  /** Assigned by the object. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly connectedAt: number;
  /** Readers: the durable position that they have acknowledged; undefined until their first `hello`. */
  readonly cursor?: number | undefined;
  /** Runners: the claim under which they write; undefined until their `hello`, and again when another takes over. */
  readonly epoch?: number | undefined;
  /** Runners: the process behind the connection. */
  readonly process?: string | undefined;
  /** Runners: the agent that they drive, as their `hello` named it. */
  readonly agent?: AgentInfo | undefined;
  /** Connections of `perdure/connection`, `perdure/shard` and `perdure/mcp`: what the object itself keeps with the socket; it is cloned. */
  readonly kept?: unknown;
}

/** One open socket. */
export interface Link {
  /** Who is on the other side, and what the object keeps of it over hibernation. */
  readonly attachment: Attachment;
  /** Replaces fields of the attachment. Throws `too_large` where it no longer fits, and changes nothing. */
  attach(
    change: Partial<Pick<Attachment, "cursor" | "epoch" | "process" | "agent" | "meta" | "kept">>,
  ): void;
  /** Sends, unless the socket is closed; never throws. Answers whether it was sent. */
  send(data: string | Uint8Array): boolean;
  /** Closes with a documented code; a reason has at most 123 bytes (RFC 6455 §5.5). Never throws. */
  close(code: number, reason: string): void;
}
