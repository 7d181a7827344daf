/** What a Worker and the objects of `perdure/mcp` say to each other: methods, and the frames of sockets. */

import { isObject } from "../protocol/index.ts";
import type { Beginning, ClientFacts } from "./kept-session.ts";
import type { StreamPage } from "./message-log.ts";

/** Whether a session took what it was sent; `gone` where there is no such session. */
export type Taken = "taken" | "gone";

/** Messages of a stream, and where the log stands. */
export interface Replay extends StreamPage {
  /** Position of the last message of any stream that is not kept any more. */
  readonly floor: number;
  /** Position of the last message: where `next` is that, nothing is left. */
  readonly head: number;
}

/** The object of one session, as a Worker and the registries call it. */
export interface SessionRpc {
  /** Begins the session, if it is not there. `gone` where it is there and is another subject's. */
  begin(subject: string | null, beginning?: Beginning): Promise<Taken>;
  /** Whether it is there. */
  exists(): Promise<boolean>;
  /** Whether it was begun by a stream that is open: the older SSE transport has one for each session, and no second. */
  holdsStream(): Promise<boolean>;
  /** What its client said of itself; null where there is no such session, or it is another's. Without a subject, whoever's it is. */
  facts(subject?: string | null): Promise<ClientFacts | null>;
  /** Changes what its client said of itself. Begins the session where it is not there. */
  say(facts: ClientFacts): Promise<void>;
  /** Puts a message into the standalone stream; one that may have arrived before (`isAgain`) only if its key has not. */
  push(data: string, key: string, isAgain: boolean): Promise<Taken>;
  /**
   * Puts a message into a stream, as `push` does; answers its position. Begins the session where it is not there. Where `data` is empty
   * it only takes a position, and no reader gets it.
   */
  put(stream: string, data: string, key: string, isAgain: boolean): Promise<number>;
  /** A page of a stream's messages after a position; null where there is no such session. */
  replay(stream: string, after: number): Promise<Replay | null>;
  /** Puts a broadcast into the standalone stream, unless it or a later one is there. */
  deliver(number: number, data: string): Promise<Taken>;
  /** Follows a resource. Begins the session where it is not there. */
  followUri(uri: string): Promise<void>;
  /** Follows a resource no more. */
  unfollowUri(uri: string): Promise<void>;
  /** Hands the answer to a request of the server's to whoever waits for it: `unknown` where nobody does. */
  answer(subject: string | null, id: string, data: string): Promise<Taken | "unknown">;
  /** Tells whoever works on a request of the client's that it is cancelled. */
  cancel(subject: string | null, request: string | number): Promise<Taken>;
  /** Ends the session and erases all of it. `gone` where there is none, or it is another's. Without a subject, whoever's it is. */
  end(subject?: string | null): Promise<Taken>;
}

/** A registry, as sessions and Workers call it. */
export interface RegistryRpc {
  /** A session gets broadcasts from now on. */
  join(session: string): Promise<void>;
  /** A session gets none any more. */
  leave(session: string): Promise<void>;
  /** A session follows a URI. */
  follow(uri: string, session: string): Promise<void>;
  /** A session follows a URI no more. */
  unfollow(uri: string, session: string): Promise<void>;
  /** The sessions that follow a URI. */
  followers(uri: string): Promise<string[]>;
  /** Sends to every session of this registry; resolves when it is stored. */
  broadcast(data: string): Promise<void>;
  /** Tells the streams of `subscriptions/listen` that it has of a notification, as JSON. */
  notify(notification: string): Promise<void>;
  /** The secret of this server's session ids, in base64url: made once and kept. */
  secret(): Promise<string>;
}

/** What a Worker opens a socket on a session for. */
export type StreamMeta =
  /**
   * To read a stream after a position of the session's log; `null`: from what no reader has had. Where it `begins` a session, there
   * need be none yet, and one that is there may be anybody's.
   */
  | {
      readonly as: "reader";
      readonly stream: string;
      readonly after: number | null;
      readonly begins: boolean;
    }
  /** To write the stream of a request; `isBack` where the socket before this one was lost. */
  | { readonly as: "writer"; readonly stream: string; readonly isBack: boolean };

/** What a reader is sent. */
export type ReaderFrame =
  /** First: the position after which it reads, what the client said of itself, and whether there is nothing left to read. */
  | {
      readonly t: "from";
      readonly p: number;
      readonly facts: ClientFacts;
      readonly isOver: boolean;
    }
  /** Messages, with their positions. */
  | { readonly t: "messages"; readonly m: readonly (readonly [position: number, data: string])[] }
  /** Messages between these positions are not kept any more: some may have been for this reader. */
  | { readonly t: "gap"; readonly after: number; readonly to: number }
  /** The stream has ended. */
  | { readonly t: "over" };

/** What a reader says: how far it has handed messages on. */
export interface GotFrame {
  readonly t: "got";
  /** A position of the log. */
  readonly p: number;
}

/** A message that a writer has. */
export interface Written {
  /** From 1, without gaps, within its stream. */
  readonly n: number;
  /** A Server-Sent Event without an id. */
  readonly d: string;
  /** Present where nothing follows. */
  readonly e?: 1;
}

/** What a writer is sent. */
export type WriterFrame =
  /** The socket is ready: where the log stands, how far it has this stream, and what the client said of itself. */
  | {
      readonly t: "ready";
      readonly head: number;
      readonly n: number;
      /** Position of message `n`. */
      readonly p: number;
      readonly isOver: boolean;
      readonly facts: ClientFacts;
    }
  /** Messages up to number `n` are durable; that one is at position `p`. */
  | { readonly t: "kept"; readonly n: number; readonly p: number }
  /** The answer to a request of the server's, as JSON. */
  | { readonly t: "answer"; readonly id: string; readonly d: string }
  /** The client has cancelled the request. */
  | { readonly t: "cancel" }
  /** The client reads this stream elsewhere now. */
  | { readonly t: "moved" };

/** What a writer says: messages that go into the log together. */
export interface PutFrame {
  readonly t: "put";
  readonly m: readonly Written[];
}

/** What a socket was opened for; undefined where its meta says nothing known. */
export function streamMetaOf(meta: unknown): StreamMeta | undefined {
  if (!isObject(meta) || typeof meta["stream"] !== "string") return undefined;
  const { as, stream, after, isBack, begins } = meta;
  if (as === "writer") return { as, stream, isBack: isBack === true };
  if (as !== "reader") return undefined;
  return { as, stream, after: typeof after === "number" ? after : null, begins: begins === true };
}
