/** The wire of shards: what travels between a client and the object of a shard. */

import type { Problem } from "./errors.ts";
import { badFrame, integer, parseId, parseObject, string } from "./fields.ts";
import type { QueryChange } from "./queries.ts";

/** From a client. */
export type ShardClientFrame =
  | ShardHello
  | SubscribeFrame
  | {
      readonly t: "unsubscribe";
      /** That of the subscription; one that is none has no effect. */
      readonly id: number;
    }
  | ShardCallFrame
  | {
      /** Frames have arrived: sent at the latest after each `ACKNOWLEDGE_AFTER_BYTES` of them. */
      readonly t: "ack";
      /** UTF-16 units of those that arrived since the last `ack` of this socket. */
      readonly units: number;
    };

/** Says which version the client speaks. Needed only by a client that comes back with `since`, or calls for more than one identity. */
export interface ShardHello {
  readonly t: "hello";
  /** Version of the wire. */
  readonly v: number;
}

/** Asks for a query's result, and for what changes of it. */
export interface SubscribeFrame {
  readonly t: "subscribe";
  /** Names the subscription on this socket: a whole number from 0 that no other open one has. */
  readonly id: number;
  /** `queries.tasks`, or the name alone where only one function has it. */
  readonly functionPath: string;
  /** JSON; missing: null. */
  readonly args?: unknown;
  /** The position up to which the client has followed this query; missing: it has nothing of it. */
  readonly since?: number | undefined;
}

/** Calls a function. */
export interface ShardCallFrame {
  readonly t: "call";
  /** Of a mutation, its id for good: sent again, it has its effect once. Best a UUIDv7. */
  readonly id: string;
  /** `mutations.addTask`, or the name alone where only one function has it. */
  readonly functionPath: string;
  /** JSON; missing: null. */
  readonly args?: unknown;
}

/** From the object. Positions never fall on a socket, but for the `result` of a call that is repeated. */
export type ShardServerFrame =
  | ShardWelcome
  | {
      /** The subscription stands; `seed`, `reset` or `missed` is the next frame. */
      readonly t: "subscribed";
      readonly id: number;
      /** The columns that tell rows of the result apart. */
      readonly key: readonly string[];
    }
  | {
      /** `seed`: the result. `reset`: the same, because what came after `since` is not known any more. */
      readonly t: "seed" | "reset";
      readonly id: number;
      readonly position: number;
      readonly value: unknown;
    }
  | {
      /** What came after `since`, oldest first; perhaps nothing. */
      readonly t: "missed";
      readonly id: number;
      /** The subscription is as of here. */
      readonly position: number;
      readonly changes: readonly QueryChange[];
    }
  | {
      /** What one commit changed: all that this socket follows is as of here. */
      readonly t: "commit";
      readonly position: number;
      /** The call of this socket that made the commit, whose `result` follows; missing: somebody else's did. */
      readonly call?: string | undefined;
      /** By subscription. */
      readonly changes: readonly (readonly [id: number, change: QueryChange])[];
    }
  | {
      /** A call was answered. What a mutation changed was sent before. */
      readonly t: "result";
      readonly id: string;
      /** Of a mutation, that of its commit; of a query, that of the last commit. */
      readonly position: number;
      readonly value: unknown;
    }
  | {
      /** A subscription or a call was refused; the socket stays. */
      readonly t: "refused";
      /** A number: that of a subscription, which does not stand. A string: that of a call. */
      readonly id: number | string;
      readonly error: Problem;
    }
  | {
      /** The socket closes. */
      readonly t: "error";
      readonly i: string;
      readonly error: Problem;
    };

/** Answers a hello. */
export interface ShardWelcome {
  readonly t: "welcome";
  readonly v: number;
  /** Incarnation: new whenever the object's memory is. */
  readonly i: string;
  /**
   * Whom the object takes the client for: the same text as long as the identity is the same. What a client has stored or followed
   * under another one is not for this one: it begins from nothing, without `since`.
   */
  readonly who: string;
  /**
   * Names the order in which positions count: another text where the shard's storage is another one, since it was erased. What was
   * followed before is to be asked for without `since`.
   */
  readonly history: string;
  /** That of the last commit. */
  readonly position: number;
}

/** Parses a frame of a shard's client. Throws `bad_frame`. */
export function parseShardFrame(text: string): ShardClientFrame {
  const frame = parseObject(text);
  const { args } = frame;
  switch (frame["t"]) {
    case "hello":
      return { t: "hello", v: integer(frame, "v") };
    case "subscribe":
      return {
        t: "subscribe",
        id: integer(frame, "id"),
        functionPath: string(frame, "functionPath"),
        ...(args === undefined ? {} : { args }),
        ...(frame["since"] === undefined ? {} : { since: integer(frame, "since") }),
      };
    case "unsubscribe":
      return { t: "unsubscribe", id: integer(frame, "id") };
    case "call":
      return {
        t: "call",
        id: parseId(frame["id"]),
        functionPath: string(frame, "functionPath"),
        ...(args === undefined ? {} : { args }),
      };
    case "ack":
      return { t: "ack", units: integer(frame, "units") };
    default:
      throw badFrame("a shard takes `hello`, `subscribe`, `unsubscribe`, `call` and `ack`");
  }
}

/**
 * Parses a frame of a shard's object, whose contents are trusted; undefined where this version does not know its kind.
 *
 * @throws PerdureError `bad_frame` for what is no frame at all.
 */
export function parseShardServerFrame(text: string): ShardServerFrame | undefined {
  const frame = parseObject(text);
  return SERVER_FRAMES.has(String(frame["t"])) ? (frame as unknown as ShardServerFrame) : undefined;
}

const SERVER_FRAMES = new Set(
  "welcome subscribed seed reset missed commit result refused error".split(" "),
);
