/** Handles, as a stateless server uses them. */

import type { Clock } from "../object/index.ts";
import { canonicalJson } from "../object/index.ts";
import { errorOf, PerdureError } from "../protocol/index.ts";
import type { HandleCall, HandleCalls, HandleReply } from "./handle-rpc.ts";
import { unknownHandle } from "./handle-store.ts";
import type { McpTask, TaskChange, TaskList } from "./mcp-task.ts";
import { changeOf, parsedValues, taskOf } from "./mcp-task.ts";
import { mintId, verifyId } from "./signed-id.ts";

/** How long a handle is kept after its last change where nothing is said, in milliseconds: a day. */
const TTL_MS = 24 * 60 * 60 * 1000;

/** How long an answer is waited for where nothing is said, in milliseconds. */
const WAIT_MS = 20_000;

/** A handle, and what a task of it has besides: a dot and 12 random bytes. */
const SHAPE = /^([\w-]{43}\.[\w-]{22})(?:\.([\w-]{16}))?$/;

/** Random bytes of the id of a task, or of a call. */
const ID_BYTES = 12;

/** Who asks. */
export interface HandleAccess {
  /** Whoever is authenticated. A handle that was made for a subject is nobody else's; one that was made for none is whoever's has it. */
  readonly subject?: string | undefined;
}

/** What a new handle has. */
export interface NewHandle extends HandleAccess {
  /** JSON; default null. At most 1 MiB. */
  readonly state?: unknown;
  /** How long it is kept after each change of anything under it, in milliseconds; default a day. */
  readonly ttlMs?: number | undefined;
}

/** How handles reach their objects. */
export interface HandleReach {
  readonly clock: Clock;
  /** The secret that signs handles, of 32 bytes or more. */
  readonly secret: () => Promise<string>;
  /** Calls the object of a handle, again where that may help. */
  readonly use: (handle: string, subject: string | null, call: HandleCall) => Promise<HandleReply>;
}

/**
 * The handles of a server. A handle is a text that the server returns to its client and gets back; what is under it is durable. An
 * unknown, expired or forged handle, or another's, is `not_found`, and nothing is written for it. Wherever a handle is taken for input,
 * the id of a task is, too: then it is that task's input. Every method may be repeated: it has its effect once.
 */
export class Handles {
  readonly #reach: HandleReach;

  constructor(reach: HandleReach) {
    this.#reach = reach;
  }

  /** Makes a handle, unguessable and signed. Throws `bad_request` where `ttlMs` is no whole number from 1, `too_large` for a large state. */
  async create({ state, subject, ttlMs = TTL_MS }: NewHandle = {}): Promise<string> {
    checkTtl(ttlMs);
    const handle = await mintId("handle", await this.#reach.secret());
    await this.#send(handle, subject, { do: "create", state: canonicalJson(state), ttlMs });
    return handle;
  }

  /** What is under a handle, and a version that rises with each change of it, from 1; null where there is no such handle. */
  async get(
    handle: string,
    access: HandleAccess = {},
  ): Promise<{ readonly state: unknown; readonly version: number } | null> {
    const found = await orNull(this.#use(handle, access, { do: "get" }));
    return found && { state: JSON.parse(found.state) as unknown, version: found.version };
  }

  /**
   * Puts another state under a handle. What is there already is no change.
   *
   * @param options `ifVersion`: only where this is the present version.
   * @returns The new version; null where `ifVersion` is not the present one: read it and decide anew.
   * @throws `not_found`, `too_large`.
   */
  async set(
    handle: string,
    state: unknown,
    { ifVersion, ...access }: HandleAccess & { readonly ifVersion?: number | undefined } = {},
  ): Promise<number | null> {
    return this.#use(handle, access, {
      do: "set",
      id: randomText(ID_BYTES),
      state: canonicalJson(state),
      ifVersion: ifVersion ?? null,
    });
  }

  /** Removes a handle and all that is under it. @returns Whether there was one. */
  async delete(handle: string, access: HandleAccess = {}): Promise<boolean> {
    const isGone = this.#use(handle, access, { do: "delete" }).then(() => true);
    return (await orNull(isGone)) ?? false;
  }

  /** The tasks of a handle, also by the id of one of them. */
  tasks(handle: string, access: HandleAccess = {}): TaskList {
    const own = SHAPE.exec(handle)?.[1] ?? "";
    const within = (taskId: string) => {
      const [, ofHandle, id] = SHAPE.exec(taskId) ?? [];
      if (ofHandle !== own || id === undefined) throw unknownTask();
      return id;
    };
    const use = <Name extends keyof HandleCalls>(call: Call<Name>) => this.#use(own, access, call);
    const update = async (taskId: string, change: TaskChange): Promise<McpTask> =>
      taskOf(own, await use({ do: "updateTask", id: within(taskId), change: changeOf(change) }));
    return {
      create: async ({ ttlMs, pollIntervalMs, statusMessage } = {}) => {
        if (ttlMs !== undefined) checkTtl(ttlMs);
        // Chosen here, so that a call that is repeated makes one task.
        const id = randomText(ID_BYTES);
        const task = await use({
          do: "createTask",
          id,
          ttlMs: ttlMs ?? null,
          pollIntervalMs: pollIntervalMs ?? null,
          statusMessage: statusMessage ?? null,
        });
        return taskOf(own, task);
      },
      get: async (taskId) => {
        const [, ofHandle, id] = SHAPE.exec(taskId) ?? [];
        if (ofHandle !== own || id === undefined) return null;
        const task = await orNull(use({ do: "getTask", id }));
        return task && taskOf(own, task);
      },
      list: async () => (await use({ do: "listTasks" })).map((task) => taskOf(own, task)),
      update,
      cancel: (taskId) => update(taskId, { status: "cancelled" }),
    };
  }

  /**
   * Has a request wait under a key for the client's answer; a task that it belongs to is `input_required` meanwhile.
   *
   * @param request For MCP `{method, params}`, such as of `elicitation/create`; JSON.
   * @throws `not_found`, `task_ended`, `id_reused` where the key has asked for another input, `too_large`, `rate_limited` past 100 inputs.
   */
  async ask(
    handle: string,
    key: string,
    request: unknown,
    access: HandleAccess = {},
  ): Promise<void> {
    const task = taskPart(handle);
    await this.#use(handle, access, { do: "ask", task, key, request: canonicalJson(request) });
  }

  /**
   * Answers what was asked under a key. The first answer counts; the same again has no effect.
   *
   * @throws `not_found`, `task_ended`, `already_decided` where the answer was another, `too_large`.
   */
  async answer(
    handle: string,
    key: string,
    result: unknown,
    access: HandleAccess = {},
  ): Promise<void> {
    const task = taskPart(handle);
    await this.#use(handle, access, { do: "answer", task, key, result: canonicalJson(result) });
  }

  /** Requests without an answer, by their keys: the `inputRequests` of MCP. Throws `not_found`. */
  async pending(
    handle: string,
    access: HandleAccess = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    const task = taskPart(handle);
    return parsedValues(await this.#use(handle, access, { do: "pending", task }));
  }

  /** Answers, by their keys: the `inputResponses` of MCP. Throws `not_found`. */
  async answers(
    handle: string,
    access: HandleAccess = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    const task = taskPart(handle);
    return parsedValues(await this.#use(handle, access, { do: "answers", task }));
  }

  /**
   * Waits for the answer to what was, or will be, asked under a key: in whichever request it comes.
   *
   * @param options `timeoutMs`: how long, in milliseconds; default 20 s.
   * @returns The answer; undefined where none has come in time.
   * @throws `not_found`.
   */
  async waitFor(
    handle: string,
    key: string,
    {
      timeoutMs = WAIT_MS,
      ...access
    }: HandleAccess & { readonly timeoutMs?: number | undefined } = {},
  ): Promise<unknown> {
    const task = taskPart(handle);
    const until = this.#reach.clock.now() + timeoutMs;
    for (let forMs = timeoutMs; forMs >= 0; forMs = until - this.#reach.clock.now()) {
      const result = await this.#use(handle, access, { do: "wait", task, key, forMs });
      if (result !== null) return JSON.parse(result) as unknown;
      if (this.#reach.clock.now() >= until) break;
    }
    return undefined;
  }

  /**
   * A `requestStateCodec` for tmcp: the client gets a handle, and what the server saved stays here, where nobody can read or change it.
   * A handle that is unknown, expired or another's fails the request.
   *
   * @param options `subject`: who the request is of, asked for each; `ttlMs` as in `create`, default a day.
   */
  requestStateCodec({
    subject = () => undefined,
    ttlMs,
  }: {
    readonly subject?: (() => string | undefined) | undefined;
    readonly ttlMs?: number | undefined;
  } = {}): RequestStateCodec {
    return {
      encode: (state) => this.create({ state, subject: subject(), ttlMs }),
      decode: async (handle) => {
        const found = await this.get(handle, { subject: subject() });
        if (found === null) throw unknownHandle();
        return found.state;
      },
    };
  }

  async #use<Name extends keyof HandleCalls>(
    text: string,
    { subject }: HandleAccess,
    call: Call<Name>,
  ): Promise<HandleCalls[Name]["answer"]> {
    const handle = SHAPE.exec(text)?.[1];
    const isOurs =
      handle !== undefined && (await verifyId("handle", await this.#reach.secret(), handle));
    if (!isOurs) throw unknownHandle();
    return this.#send(handle, subject, call);
  }

  async #send<Name extends keyof HandleCalls>(
    handle: string,
    subject: string | undefined,
    call: Call<Name>,
  ): Promise<HandleCalls[Name]["answer"]> {
    const reply = await this.#reach.use(handle, subject ?? null, call as HandleCall);
    if (!reply.ok) throw errorOf(reply.error);
    return reply.value;
  }
}

type Call<Name extends keyof HandleCalls> = { readonly do: Name } & HandleCalls[Name]["args"];

/** What tmcp takes as `requestStateCodec`. */
export interface RequestStateCodec {
  /** Saves a state. @returns Its handle. */
  readonly encode: (state: unknown) => Promise<string>;
  /** The state of a handle. Rejects with `not_found` where there is none. */
  readonly decode: (encoded: string) => Promise<unknown>;
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    const isMissing =
      error instanceof PerdureError &&
      (error.code === "not_found" || error.code === "task_not_found");
    if (isMissing) return null;
    throw error;
  }
}

/** The id within its handle where a text is a task's; empty where it is a handle. */
function taskPart(text: string): string {
  return SHAPE.exec(text)?.[2] ?? "";
}

function checkTtl(ttlMs: number): void {
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 1)
    throw new PerdureError("bad_request", "`ttlMs` must be a whole number of milliseconds from 1.");
}

function unknownTask(): PerdureError {
  return new PerdureError("task_not_found", "There is no such task under this handle.");
}

function randomText(bytes: number): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(bytes))))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
}
