/** What a Worker asks of the object of a handle. Values travel as the JSON that is stored. */

import type { Problem } from "../protocol/index.ts";

/** Where a task stands (SEP-2663). The last three are final. */
export type TaskStatus = "working" | "input_required" | "completed" | "failed" | "cancelled";

/** A change of a task; what is not named stays. */
export interface StoredTaskChange {
  readonly status?: "working" | "completed" | "failed" | "cancelled" | undefined;
  readonly statusMessage?: string | undefined;
  /** As JSON. */
  readonly result?: string | undefined;
  /** As JSON. */
  readonly error?: string | undefined;
}

/** A task as it is stored. */
export interface StoredTask {
  /** Its id within its handle. */
  readonly id: string;
  readonly status: TaskStatus;
  readonly statusMessage: string | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970. */
  readonly updatedAt: number;
  readonly ttlMs: number;
  readonly pollIntervalMs: number | null;
  /** As JSON; null before it is completed. */
  readonly result: string | null;
  /** As JSON; null unless it has failed. */
  readonly error: string | null;
  /** Requests that wait for an answer, each as JSON, by their keys. */
  readonly inputRequests: Readonly<Record<string, string>>;
}

/** Which input: the key is one of the handle itself where `task` is empty, else of that task. */
export interface InputPlace {
  readonly task: string;
  readonly key: string;
}

/** What can be asked of a handle, each with its answer. */
export interface HandleCalls {
  /** Makes the handle. A second time it has no effect. */
  create: {
    readonly args: { readonly state: string; readonly ttlMs: number };
    readonly answer: null;
  };
  get: {
    readonly args: object;
    readonly answer: { readonly state: string; readonly version: number };
  };
  /** Answers the new version; null where `ifVersion` is not the present one. One that is repeated has the same id. */
  set: {
    readonly args: {
      readonly id: string;
      readonly state: string;
      readonly ifVersion: number | null;
    };
    readonly answer: number | null;
  };
  delete: { readonly args: object; readonly answer: null };
  createTask: {
    readonly args: {
      readonly id: string;
      readonly ttlMs: number | null;
      readonly pollIntervalMs: number | null;
      readonly statusMessage: string | null;
    };
    readonly answer: StoredTask;
  };
  getTask: { readonly args: { readonly id: string }; readonly answer: StoredTask };
  listTasks: { readonly args: object; readonly answer: readonly StoredTask[] };
  updateTask: {
    readonly args: { readonly id: string; readonly change: StoredTaskChange };
    readonly answer: StoredTask;
  };
  ask: { readonly args: InputPlace & { readonly request: string }; readonly answer: null };
  answer: { readonly args: InputPlace & { readonly result: string }; readonly answer: null };
  /** Requests without an answer, by their keys. */
  pending: {
    readonly args: { readonly task: string };
    readonly answer: Readonly<Record<string, string>>;
  };
  /** Answers, by their keys. */
  answers: {
    readonly args: { readonly task: string };
    readonly answer: Readonly<Record<string, string>>;
  };
  /** Waits for an answer at most so long; null where none has come. */
  wait: { readonly args: InputPlace & { readonly forMs: number }; readonly answer: string | null };
}

/** One call, as it travels. */
export type HandleCall = {
  readonly [Name in keyof HandleCalls]: { readonly do: Name } & HandleCalls[Name]["args"];
}[keyof HandleCalls];

/** What any call is answered with. */
export type HandleAnswer = HandleCalls[keyof HandleCalls]["answer"];

/** A call's answer, or why there is none: `not_found` for a handle that is unknown, expired, or another's. */
export type HandleReply =
  | { readonly ok: true; readonly value: HandleAnswer }
  | { readonly ok: false; readonly error: Problem };

/** The object of a handle, as a Worker calls it. */
export interface HandleRpc {
  /** Does what is asked, for a subject; null for nobody in particular. */
  useHandle(subject: string | null, call: HandleCall): Promise<HandleReply>;
}
