/** Commands on their way: stored before they are sent, sent again after every reconnect, gone when they are answered. */

import type { Problem } from "../protocol/index.ts";
import { MAX_CLIENT_FRAME_BYTES, PerdureError, errorOf, parseId } from "../protocol/index.ts";
import type { OutboxStore, PendingCommand } from "./outbox-store.ts";
import { Pace } from "./pace.ts";
import { uuidv7 } from "./uuid.ts";

/** Most commands that may wait, twice what a session queues, and far less than a `localStorage` holds; one more is `rate_limited`. */
export const MAX_PENDING_COMMANDS = 200;

/** How long commands wait that were held back to keep the pace. */
const PACE_INTERVAL_MS = 200;

/** What has no answer for so long is sent again: a frame may be lost on a link that stays open. */
const RESEND_AFTER_MS = 10_000;

interface OutboxOptions<C extends object> {
  readonly store: OutboxStore<C> | undefined;
  readonly now: () => number;
  readonly frameOf: (id: string, command: C) => string;
  /**
   * Whether a command is this client's to send, and as what: asked of all that waits when a connection is there, and of what is found
   * in the store. undefined: it is another's. Default: all are, as they are.
   */
  readonly claim?: (command: C) => C | undefined;
  /** Puts a frame on the link. False where there is none: the command then waits for the next one. */
  readonly send: (text: string) => boolean;
  /** `entries` has changed. */
  readonly onChange: () => void;
}

/** What a command was answered. */
type Answer<R> =
  | { readonly ok: true; readonly result: R }
  | { readonly ok: false; readonly error: Problem };

/** Who waits for a reply: a caller on this page. */
interface Caller<R> {
  readonly resolve: (result: R) => void;
  readonly reject: (error: PerdureError) => void;
}

export class Outbox<C extends object, R> {
  readonly #options: OutboxOptions<C>;
  readonly #callers = new Map<string, Caller<R>[]>();
  /** Ids that were sent on the present connection. */
  readonly #sent = new Set<string>();
  #entries: readonly PendingCommand<C>[] = [];
  #lastSentAt = 0;
  #pace: Pace | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #resendTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: OutboxOptions<C>) {
    this.#options = options;
    this.#adopt();
  }

  /** What is not yet answered, oldest first. A new list whenever it changes. */
  get entries(): readonly PendingCommand<C>[] {
    return this.#entries;
  }

  /** Whether nothing waits, here or in the store, for this client or another. */
  get isEmpty(): boolean {
    const stored = this.#tryStore((store) => store?.load()) ?? [];
    return this.#entries.length + stored.length === 0;
  }

  /**
   * Takes a command. The same id with the same command, while it waits, is the same request.
   *
   * @returns Its result, whenever that comes. Rejects with a `PerdureError`: the server's, or `bad_frame` (the id), `too_large`,
   *   `id_reused` or `rate_limited` for a command that was not taken.
   */
  async execute(command: C, chosenId: string | undefined): Promise<R> {
    const sentAt = Math.max(this.#options.now(), this.#lastSentAt + 1);
    const id = parseId(chosenId ?? uuidv7(sentAt));
    const entry = { id, command: this.#checked(id, command), sentAt };
    const known = this.#entries.find((one) => one.id === id);
    if (known === undefined) this.#add(entry);
    else if (JSON.stringify(known.command) !== JSON.stringify(entry.command))
      throw new PerdureError("id_reused", `Another command has this id: use a new one.`);
    const result = new Promise<R>((resolve, reject) => {
      const callers = this.#callers.get(id) ?? [];
      this.#callers.set(id, [...callers, { resolve, reject }]);
    });
    this.#flush();
    return result;
  }

  /** A connection is there: everything is sent again, in order. @param pace Where others send at the same pace. */
  onOpen(pace = new Pace(this.#options.now())): void {
    this.#sent.clear();
    this.#pace = pace;
    if (this.#adopt()) this.#options.onChange();
    for (const entry of this.#entries) this.#claim(entry);
    this.#flush();
  }

  /** The connection is gone. */
  onDrop(): void {
    this.#pace = undefined;
    clearTimeout(this.#timer);
    clearTimeout(this.#resendTimer);
    this.#timer = this.#resendTimer = undefined;
  }

  /** A reply arrived. */
  settle(id: string, reply: Answer<R>): void {
    const callers = this.#callers.get(id) ?? [];
    this.#callers.delete(id);
    this.#sent.delete(id);
    this.#remove(id);
    for (const { resolve, reject } of callers) {
      if (reply.ok) resolve(reply.result);
      else reject(errorOf(reply.error));
    }
  }

  /**
   * No reply will come: gives up every command that a caller waits for, so that a rejection always means that the client
   * will not send it again. What an earlier page left stays for the next, unless it may be the frame that was refused (from
   * the store that one would end every later link too), or nobody will ever answer it.
   */
  abandon(problem: Problem): void {
    const isRefused = /^(bad_frame|too_large|session_terminated)$/.test(problem.code);
    const given = [...this.#callers.keys(), ...(isRefused ? this.#sent : [])];
    for (const id of given) this.settle(id, { ok: false, error: problem });
  }

  #add(entry: PendingCommand<C>): void {
    if (this.#entries.length >= MAX_PENDING_COMMANDS)
      throw new PerdureError(
        "rate_limited",
        `${MAX_PENDING_COMMANDS} commands wait for an answer: try again later.`,
      );
    this.#lastSentAt = entry.sentAt;
    this.#entries = [...this.#entries, entry];
    this.#tryStore((store) => store?.put(entry));
    this.#options.onChange();
  }

  /** What a connection makes of a command that waits. One of another stays in the store, for its owner, unless somebody waits here. */
  #claim(entry: PendingCommand<C>): void {
    const { id } = entry;
    const command = this.#claimed(entry.command);
    if (command === entry.command) return;
    if (command === undefined && this.#callers.has(id))
      return this.settle(id, { ok: false, error: NOT_OURS });
    this.#entries = this.#entries.flatMap((one) =>
      one.id !== id ? one : command === undefined ? [] : { ...one, command },
    );
    if (command !== undefined) this.#tryStore((store) => store?.put({ ...entry, command }));
    return this.#options.onChange();
  }

  #claimed(command: C): C | undefined {
    const { claim } = this.#options;
    return claim === undefined ? command : claim(command);
  }

  #remove(id: string): void {
    const rest = this.#entries.filter((entry) => entry.id !== id);
    if (rest.length === this.#entries.length) return;
    this.#entries = rest;
    this.#tryStore((store) => store?.remove(id));
    this.#options.onChange();
  }

  /** Takes over what is in the store: from before a reload, or from another page that may be gone. False: nothing. */
  #adopt(): boolean {
    const known = new Set(this.#entries.map((entry) => entry.id));
    const found = this.#tryStore((store) => store?.load()) ?? [];
    const adopted = found.filter(
      ({ id, command }) => !known.has(id) && this.#claimed(command) !== undefined,
    );
    if (adopted.length === 0) return false;
    this.#entries = [...this.#entries, ...adopted].toSorted((a, b) => a.sentAt - b.sentAt);
    return true;
  }

  #flush(): void {
    if (this.#timer !== undefined) return;
    for (const { id, command } of this.#entries) {
      if (this.#pace === undefined) return;
      if (this.#sent.has(id)) continue;
      if (!this.#pace.take(this.#options.now())) {
        this.#timer = setTimeout(() => {
          this.#timer = undefined;
          this.#flush();
        }, PACE_INTERVAL_MS);
        return;
      }
      if (!this.#options.send(this.#options.frameOf(id, command))) return;
      this.#sent.add(id);
      this.#resendTimer ??= setTimeout(() => {
        this.#resendTimer = undefined;
        this.#sent.clear();
        this.#flush();
      }, RESEND_AFTER_MS);
    }
  }

  /** A full or forbidden store costs the reload, not the command. */
  #tryStore<T>(use: (store: OutboxStore<C> | undefined) => T): T | undefined {
    try {
      return use(this.#options.store);
    } catch {
      return undefined;
    }
  }

  /** A copy, so that what the caller does with its own later changes nothing; refused where its frame would be. */
  #checked(id: string, command: C): C {
    const text = this.#options.frameOf(id, command);
    if (new TextEncoder().encode(text).length > MAX_CLIENT_FRAME_BYTES)
      throw new PerdureError(
        "too_large",
        `A command has at most ${MAX_CLIENT_FRAME_BYTES} bytes: shorten it.`,
      );
    return JSON.parse(JSON.stringify(command)) as C;
  }
}

const NOT_OURS: Problem = {
  code: "forbidden",
  detail: "This was asked for somebody who is not logged in any more: ask again.",
};
