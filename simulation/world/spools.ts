/** What runners wrote to their disks, record for record: the truth that the log is held against, event for event. */

import { eventJsonOf, parseHeader } from "../../packages/cli/src/runner/spool-records.ts";
import { canonicalJson } from "../../packages/perdure/src/object/index.ts";
import type { SessionEvent } from "../../packages/perdure/src/protocol/index.ts";
import { isObject } from "../../packages/perdure/src/protocol/index.ts";
import { Violation } from "../runtime/runtime.ts";

/** The name of a spool on a runner's disk. */
const FILE = "spool.jsonl";

/** Control events that the object writes itself. */
const OBJECTS_OWN = new Set([
  "session.created",
  "session.lifecycle",
  "session.meta",
  "task.changed",
  "turn.queued",
  "turn.cancelling",
  "turn.stalled",
  "turn.resumed",
  "turn.ended",
  "approval.decided",
  "approval.closed",
  "runner.waking",
  "runner.unreachable",
]);

interface Spool {
  readonly id: string;
  readonly disk: string;
  /** Each event, in a form that is the same here and in the log. */
  readonly events: string[];
  /** How many of them are in the log. */
  durable: number;
}

/** All spools of one world. */
export class Spools {
  readonly #spools = new Map<string, Spool>();
  /** The spool that is on each disk now. */
  readonly #onDisk = new Map<string, Spool>();
  /** Numbers of the commands that the log says were begun from a disk. */
  readonly #begun = new Map<string, Set<number>>();
  /** The spool whose runner was welcomed last. */
  #current: Spool | undefined;

  /** A file of a disk was replaced. */
  replaced(disk: string, name: string, contents: Uint8Array): void {
    if (name !== FILE) return;
    const [line = ""] = Buffer.from(contents).toString().split("\n", 1);
    const id = parseHeader(line)?.spool;
    if (id === undefined) throw new Violation(`N20 the spool of ${disk} has no header.`);
    const spool = this.#spools.get(id) ?? { id, disk, events: [], durable: 0 };
    this.#spools.set(id, spool);
    this.#onDisk.set(disk, spool);
  }

  /** Something was written whole at the end of a file. */
  appended(disk: string, name: string, bytes: Uint8Array): void {
    const spool = this.#onDisk.get(disk);
    if (name !== FILE || spool === undefined) return;
    const line = Buffer.from(bytes).toString().trimEnd();
    const r = Number(/^\{"r":(\d+),/.exec(line)?.[1]);
    const json = eventJsonOf(line, r);
    if (json === undefined) throw new Violation(`N18 ${disk} keeps what is no record: ${line}`);
    if (r <= spool.durable)
      throw new Violation(`N20 ${disk} writes event ${r} again, and the log has it.`);
    if (r > spool.events.length + 1)
      throw new Violation(`N6 ${disk} goes on with event ${r} after ${spool.events.length}.`);
    // Where a machine lost power, the end of its file may be gone, and its numbers are given to other events.
    spool.events.length = r - 1;
    spool.events.push(comparable(JSON.parse(json)));
  }

  /** A runner takes what is in a file for whole. */
  kept(disk: string, name: string, bytes: Uint8Array): void {
    const spool = this.#onDisk.get(disk);
    if (name !== FILE || spool === undefined) return;
    const [, ...lines] = Buffer.from(bytes).toString().split("\n");
    for (const line of lines) {
      const record = /^\{"r":(\d+),"crc":\d+,"e":(.*)\}$/.exec(line);
      const event = spool.events[Number(record?.[1]) - 1];
      if (line !== "" && (record === null || comparable(parsed(record[2] ?? "")) !== event))
        throw new Violation(`N18 ${disk} takes a damaged record for whole: ${line}`);
    }
  }

  /** A runner was welcomed: from now on the log takes the events of its spool only. */
  welcomed(id: string): void {
    this.#current = this.#spools.get(id);
  }

  /** An event has become durable. */
  logged(event: SessionEvent, position: number): void {
    const spool = this.#current;
    if (spool !== undefined && spool.events[spool.durable] === comparable(event)) {
      spool.durable += 1;
      if (event.type === "command.begun") this.#markBegun(spool.disk, event.command);
      return;
    }
    // The object ends a message that nobody goes on with.
    const isFinish = event.type === "finish" && event.finishReason === "other";
    if (isFinish || OBJECTS_OWN.has(event.type)) return;
    const next = spool?.events[spool.durable] ?? "none";
    throw new Violation(
      `N6 the event at ${position} is ${JSON.stringify(event)}; the next of the runner's is ${next}.`,
    );
  }

  /** How many events of a spool the log has. */
  durable(id: string): number {
    return this.#spools.get(id)?.durable ?? 0;
  }

  /** Whether an event of a spool is this one. */
  holds(id: string, r: number, event: unknown): boolean {
    return this.#spools.get(id)?.events[r - 1] === comparable(event);
  }

  /** How many events were written to a spool. */
  written(id: string): number {
    return this.#spools.get(id)?.events.length ?? 0;
  }

  /** How many events on a disk are not in the log. */
  unsent(disk: string): number {
    const spool = this.#onDisk.get(disk);
    return spool === undefined ? 0 : spool.events.length - spool.durable;
  }

  #markBegun(disk: string, command: number): void {
    const begun = this.#begun.get(disk) ?? new Set();
    if (begun.has(command)) throw new Violation(`N15 ${disk} has begun command ${command} twice.`);
    this.#begun.set(disk, begun.add(command));
  }
}

/**
 * What the object may change in an event is left out: the epoch that a claim allows, the digest that it makes, and the times
 * and the source of a plan's steps.
 */
function comparable(event: unknown): string {
  if (!isObject(event)) return "";
  const { epoch: _epoch, digest: _digest, tasks, ...rest } = event;
  return canonicalJson(Array.isArray(tasks) ? { ...rest, tasks: tasks.map(stepOf) } : rest);
}

function stepOf(task: unknown): unknown {
  if (!isObject(task)) return task;
  const { id, title, status, priority } = task;
  return { id, title, status, priority };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
