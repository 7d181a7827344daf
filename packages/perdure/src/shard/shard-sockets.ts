/** The sockets of a shard: what clients send, and what each commit sends them. */

import type { Clock, Link } from "../object/index.ts";
import { canonicalJson, closeExpired, digestOf } from "../object/index.ts";
import type {
  ShardCallFrame,
  ShardHello,
  ShardServerFrame,
  SubscribeFrame,
} from "../protocol/index.ts";
import {
  CLOSE,
  isObject,
  parseShardFrame,
  PerdureError,
  PROTOCOL_VERSION,
} from "../protocol/index.ts";
import type { SocketShard } from "./blank-shard.ts";
import { NO_QUERY } from "./blank-shard.ts";
import type { ShardCommit } from "./requests.ts";
import { SendWindow } from "./send-window.ts";
import type { ShardFunctions, ShardIdentity } from "./shard-functions.ts";
import { Subscriptions } from "./subscriptions.ts";
import { toldProblem } from "./told-problem.ts";

/** What the Worker says of a socket when it opens it. */
export interface ShardSocketMeta {
  /** For whom functions are called; null: nobody in particular. */
  readonly identity: ShardIdentity | null;
  /** Paths of the functions that it may use, such as `queries.tasks`; missing: all. */
  readonly functions?: readonly string[] | undefined;
}

/** What sockets need of their object. */
export interface ShardSocketHost {
  readonly clock: Clock;
  readonly functions: ShardFunctions;
  /** The shard's name; undefined where it has none. */
  readonly name: string | undefined;
  /** Of the object's memory. */
  readonly incarnation: string;
  /** Those that are open. */
  readonly links: readonly Link[];
  /** Subscriptions of these live queries have ended. */
  leave(queryIds: readonly number[]): void;
}

/** Characters of a digest of an identity: 128 bits. */
const WHO_LENGTH = 32;

/** The sockets of one shard. */
export class ShardSockets {
  readonly #host: ShardSocketHost;
  readonly #subscriptions: Subscriptions;
  readonly #window = new SendWindow();
  /** Whose call runs now. */
  #calling: { readonly link: Link; readonly id: string } | undefined;

  constructor(host: ShardSocketHost) {
    this.#host = host;
    this.#subscriptions = new Subscriptions(host.links);
  }

  /** The live query of each subscription that is open. */
  get queryIds(): readonly number[] {
    return this.#subscriptions.queryIds;
  }

  /** A frame has arrived. Throws `bad_frame`; what else goes wrong is answered. */
  message(link: Link, text: string, shard: SocketShard): void {
    const frame = parseShardFrame(text);
    if (frame.t === "ack") return this.#window.acknowledge(link, frame.units);
    if (frame.t === "hello") return this.#welcome(link, frame, shard);
    if (frame.t === "unsubscribe") {
      const queryId = this.#subscriptions.remove(link, frame.id);
      if (queryId !== undefined) this.#host.leave([queryId]);
      return;
    }
    try {
      this.#check(link, frame);
      if (frame.t === "call") this.#call(link, frame, shard);
      else this.#subscribe(link, frame, shard);
    } catch (error) {
      this.#send(link, { t: "refused", id: frame.id, error: toldProblem(error) });
    }
  }

  /** What was followed while nothing was stored becomes live. Call it before anything else is stored. */
  adopt(shard: SocketShard): void {
    for (const { link, id, asked } of this.#subscriptions.of(NO_QUERY)) {
      if (asked === undefined) continue;
      try {
        const { queryId } = shard.subscribe(asked, metaOf(link).identity);
        this.#subscriptions.remove(link, id);
        this.#subscriptions.add({ link, id, queryId });
      } catch {
        link.close(CLOSE.goingAway, "The shard has begun anew; reconnect.");
      }
    }
  }

  /** A socket is gone. */
  end(link: Link): void {
    const ended = this.#subscriptions.end(link);
    if (ended.length > 0) this.#host.leave(ended);
  }

  /** Tells each socket what a commit changed of what it follows, in one frame. */
  tell({ position, changes }: ShardCommit): void {
    const told = new Map<Link, string[]>();
    for (const { queryId, text } of changes)
      for (const { link, id } of this.#subscriptions.of(queryId)) {
        const parts = told.get(link) ?? [];
        parts.push(`[${id},${text}]`);
        told.set(link, parts);
      }
    for (const [link, parts] of told) {
      const call =
        this.#calling?.link === link ? `"call":${JSON.stringify(this.#calling.id)},` : "";
      const head = `{"t":"commit","position":${position},${call}`;
      this.#sendText(link, `${head}"changes":[${parts.join(",")}]}`);
    }
  }

  #welcome(link: Link, { v }: ShardHello, shard: SocketShard): void {
    if (v !== PROTOCOL_VERSION)
      throw new PerdureError(
        "unsupported_version",
        `This server speaks version ${PROTOCOL_VERSION}; reload or update.`,
      );
    const { incarnation } = this.#host;
    const who = digestOf(canonicalJson(metaOf(link).identity)).slice(0, WHO_LENGTH);
    const { history, position } = shard;
    this.#send(link, { t: "welcome", v: PROTOCOL_VERSION, i: incarnation, who, history, position });
  }

  #subscribe(link: Link, frame: SubscribeFrame, shard: SocketShard): void {
    const { id, functionPath, args, since } = frame;
    this.#subscriptions.check(link, id);
    const request = { functionPath, args, since };
    const { queryId, position, key, start } = shard.subscribe(request, metaOf(link).identity);
    try {
      const asked = queryId === NO_QUERY ? { functionPath, args } : undefined;
      this.#subscriptions.add({ link, id, queryId, asked });
    } catch (error) {
      shard.unsubscribe(queryId);
      throw error;
    }
    this.#send(link, { t: "subscribed", id, key });
    // What the engine has as JSON is sent as it is.
    const [kind, field, text] =
      start.kind === "changes"
        ? (["missed", "changes", `[${start.changes.map((one) => one.text).join(",")}]`] as const)
        : ([start.kind, "value", start.text] as const);
    this.#sendText(link, `{"t":"${kind}","id":${id},"position":${position},"${field}":${text}}`);
  }

  #call(link: Link, { id, functionPath, args }: ShardCallFrame, shard: SocketShard): void {
    this.#calling = { link, id };
    try {
      const { position, value } = shard.call({ id, functionPath, args }, metaOf(link).identity);
      this.#send(link, { t: "result", id, position, value });
    } finally {
      this.#calling = undefined;
    }
  }

  /** Throws where this socket may not use this function, or not in this shard. */
  #check(link: Link, { functionPath, args = null }: SubscribeFrame | ShardCallFrame): void {
    const { functions, name } = this.#host;
    const { path } = functions.find(functionPath);
    if (metaOf(link).functions?.includes(path) === false)
      throw new PerdureError("forbidden", `This connection may not use ${path}.`);
    if (functions.isSharded && functions.shardOf(path, args) !== name)
      throw new PerdureError(
        "bad_request",
        "These arguments belong to another shard: connect to that one.",
      );
  }

  #send(link: Link, frame: ShardServerFrame): void {
    this.#sendText(link, JSON.stringify(frame));
  }

  #sendText(link: Link, text: string): void {
    if (closeExpired(link, this.#host.clock)) return;
    if (this.#window.isFull(link))
      link.close(
        CLOSE.slowReader,
        "This client does not keep up; reconnect, and subscribe with `since`.",
      );
    else if (link.send(text)) this.#window.add(link, text.length);
  }
}

/** Whether the meta of a connection is that of a shard's socket. */
export function isShardSocketMeta(meta: unknown): meta is ShardSocketMeta {
  return isObject(meta) && (meta["identity"] === null || isObject(meta["identity"]));
}

function metaOf(link: Link): ShardSocketMeta {
  const { meta } = link.attachment;
  if (isShardSocketMeta(meta)) return meta;
  throw new PerdureError("forbidden", "This connection says nothing of who it is for.");
}
