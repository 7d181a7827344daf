/** What a reader's socket gets, frame by frame. */

import type {
  RunnerPresence,
  ServerFrame,
  SessionEvent,
} from "../../packages/perdure/src/protocol/index.ts";
import {
  EMPTY_STATE,
  isControl,
  isSettled,
  parseClientFrame,
  parseServerFrame,
  PING,
  reduce,
  widthOf,
} from "../../packages/perdure/src/protocol/index.ts";
import type { ServerSocket } from "../platform/socket.ts";
import type { Witness } from "../world/witness.ts";
import { alike, must, same } from "./common.ts";

/** Messages that a snapshot holds at most. */
const SNAPSHOT_MESSAGES = 50;

/** What has gone over one socket. */
interface Reading {
  /** The cursor of its last hello. */
  after: number | null;
  /** Whether a hello has no answer yet. */
  isAsking: boolean;
  phase: "silent" | "welcomed" | "catching up" | "live";
  incarnation: string;
  /** The life of the object's memory that it is live in. */
  liveIn: string;
  /** The head at its last welcome. */
  head: number;
  /** The last durable head that it was told. */
  told: number;
  /** The position of the last event that it was sent; undefined before a snapshot. */
  held: number | undefined;
  /** Whether it has to say hello again, because the object lost its memory. */
  isStranger: boolean;
  /** The runner that it was told of last. */
  presence: RunnerPresence | null;
  /** What it has acknowledged by a hello or an acknowledgement. */
  acknowledged: number;
  /** What the object took for acknowledged when it woke, until a frame of that life has left. */
  asleepAt: number | undefined;
}

/** Readers of one object, as their sockets show them. */
export class ReaderFrames {
  readonly #witness: Witness;
  readonly #checkPresence: (presence: RunnerPresence | null) => void;
  readonly #readings = new WeakMap<ServerSocket, Reading>();
  /** The head when the object woke. */
  #wokeAt = 0;

  constructor(witness: Witness, checkPresence: (presence: RunnerPresence | null) => void) {
    this.#witness = witness;
    this.#checkPresence = checkPresence;
  }

  woke(sockets: readonly ServerSocket[]): void {
    this.#wokeAt = this.#witness.head;
    for (const socket of sockets) {
      const reading = this.#readings.get(socket);
      const { cursor } = socket.deserializeAttachment() as { readonly cursor?: number };
      if (reading !== undefined && reading.phase !== "silent") reading.asleepAt = cursor;
    }
  }

  received(socket: ServerSocket, text: string): void {
    if (text === PING) return;
    const frame = parseClientFrame(text);
    const reading = this.#readingOf(socket);
    const cursor = frame.t === "hello" ? frame.after : frame.t === "ack" ? frame.d : null;
    must(
      (cursor ?? 0) <= this.#witness.head,
      `R7 a reader's cursor is ${cursor}, and the head ${this.#witness.head}`,
    );
    if (cursor !== null) reading.acknowledged = cursor;
    if (frame.t !== "hello") return;
    reading.after = frame.after;
    reading.isAsking = true;
  }

  sent(socket: ServerSocket, text: string): void {
    const frame = parseServerFrame(text);
    const reading = this.#readingOf(socket);
    if (frame === undefined) return;
    if (typeof frame === "string") {
      must(reading.phase === "live", "R1 a delta was sent to a reader that is not live");
      reading.held = (reading.held ?? 0) + 1;
      return;
    }
    this.#awake(reading, frame);
    switch (frame.t) {
      case "welcome":
        must(reading.isAsking, "R1 a welcome was sent to a reader that did not ask");
        Object.assign(reading, { isAsking: false, phase: "welcomed", head: frame.d });
        reading.isStranger = false;
        reading.held = reading.after ?? undefined;
        return this.#tell(reading, frame.d);
      case "snapshot":
        return this.#snapshot(reading, frame);
      case "events":
        return this.#events(reading, frame);
      case "head":
        return this.#tell(reading, frame.d);
      case "live":
        must(
          reading.phase === "welcomed" || reading.phase === "catching up",
          `R1 \`live\` was sent to a reader that is ${reading.phase}`,
        );
        must(
          reading.held !== undefined && reading.held >= frame.d,
          `R1 a reader is live that has ${reading.held} of ${frame.d}`,
        );
        reading.phase = "live";
        reading.liveIn = frame.i;
        this.#checkPresence(frame.runner);
        reading.presence = frame.runner;
        return this.#tell(reading, frame.d);
      case "runner":
        must(reading.phase === "live", "R11 a reader that catches up heard of a runner");
        reading.presence = frame.runner;
        return this.#checkPresence(frame.runner);
      case "presence":
        // Who is here is of no position, and is told again with the next change.
        return;
      case "reply":
        return must(
          !frame.reply.ok ||
            reading.phase !== "live" ||
            reading.liveIn !== frame.i ||
            frame.reply.result.position <= (reading.held ?? 0),
          `C8 a reader that has ${reading.held} was answered ${JSON.stringify(frame.reply)}`,
        );
      case "error":
    }
  }

  /** All that was written is durable, and all that waited for it has left. */
  settled(sockets: readonly ServerSocket[]): void {
    for (const socket of sockets) {
      const reading = this.#readings.get(socket);
      if (reading === undefined || !socket.isOpen) continue;
      must(!reading.isAsking, "R14 a hello was not answered");
      must(
        reading.phase === "silent" || reading.told === this.#witness.head,
        `R9 a reader was told ${reading.told}, and the head is ${this.#witness.head}`,
      );
    }
  }

  /** R20: whether those that read live were told of this runner, or that there is none. */
  checkTold(sockets: readonly ServerSocket[], runner: RunnerPresence | null): void {
    for (const socket of sockets) {
      const reading = this.#readings.get(socket);
      if (reading?.phase !== "live" || reading.isStranger || !socket.isOpen) continue;
      must(
        reading.presence?.epoch === runner?.epoch && reading.presence?.since === runner?.since,
        `R20 a reader was told of ${JSON.stringify(reading.presence)}; it is ${JSON.stringify(runner)}`,
      );
    }
  }

  /** R13: after a hibernation. */
  #awake(reading: Reading, frame: ServerFrame): void {
    if (frame.i === reading.incarnation || frame.t === "error" || frame.t === "reply") return;
    const cursor = reading.asleepAt;
    reading.incarnation = frame.i;
    reading.asleepAt = undefined;
    if (cursor === undefined) return;
    reading.isStranger = cursor !== this.#wokeAt;
    const isNudge = frame.t === "head" && frame.d === this.#wokeAt;
    must(
      isNudge === (cursor !== this.#wokeAt),
      `R13 a reader at ${cursor} woke to ${frame.t}, and the head was ${this.#wokeAt}`,
    );
    must(
      isNudge || reading.acknowledged === this.#wokeAt,
      `R13 a reader that had acknowledged ${reading.acknowledged} of ${this.#wokeAt} woke to ${frame.t}`,
    );
    reading.held = reading.told;
  }

  #snapshot(reading: Reading, { why, snapshot }: Extract<ServerFrame, { t: "snapshot" }>): void {
    const { events, head, state: now } = this.#witness;
    const { position } = snapshot;
    must(reading.phase === "welcomed", `R1 a snapshot was sent to one that is ${reading.phase}`);
    must(
      why === (reading.after === null ? "fresh" : "reset"),
      `R4 the snapshot for a cursor at ${reading.after} says ${why}`,
    );
    reading.held = position;
    reading.acknowledged = position;
    // More may have become durable since.
    if (reading.head !== head) return;
    const state = events
      .slice(0, position)
      .reduce((before, event, index) => reduce(before, event, index + 1), EMPTY_STATE);
    must(isSettled(state), `R17 a snapshot stands at ${position}, where something is open`);
    must(
      alike(snapshot.turns, state.turns),
      `R17 the turns that wait in a snapshot at ${position} are not the log's`,
    );
    must(
      same(snapshot.messages, state.messages.slice(-SNAPSHOT_MESSAGES)) &&
        snapshot.hasEarlier === state.messages.length > SNAPSHOT_MESSAGES,
      `R17 the messages of a snapshot at ${position} are not the log's`,
    );
    must(
      snapshot.time === state.time && alike(snapshot.lastOutcome, state.lastOutcome),
      `R17 how the last turn of a snapshot at ${position} ended is not the log's`,
    );
    const facts = ({
      lifecycle,
      paused,
      createdBy,
      createdAt,
      meta,
      tasks,
      runner,
    }: typeof snapshot) => ({
      lifecycle,
      paused: paused ?? null,
      createdBy,
      createdAt,
      meta,
      tasks,
      runner: runner ?? null,
    });
    must(
      alike(facts(snapshot), facts({ ...snapshot, ...now, position, messages: [] })),
      `R4 the facts of a snapshot at ${position} are not the log's`,
    );
  }

  #events(reading: Reading, { p, d, e }: Extract<ServerFrame, { t: "events" }>): void {
    const last = e.reduce((position, event) => position + widthOf(event), p - 1);
    must(reading.phase !== "silent", "R1 events were sent to a reader that did not ask");
    must(
      reading.held === undefined || p === reading.held + 1,
      `R2 a reader that is ${reading.phase} has ${reading.held} and was sent ${p}`,
    );
    if (reading.phase !== "live") {
      reading.phase = "catching up";
      const due = p <= reading.head ? last : reading.head;
      must(d === due, `R6 the page up to ${last} says ${d}, and the head is ${reading.head}`);
    }
    reading.held = last;
    this.#tell(reading, d);
    let position = p - 1;
    for (const event of e) {
      position += widthOf(event);
      must(
        position <= this.#witness.head || isPreview(event),
        `R8 ${event.type} at ${position} was shown before it was durable`,
      );
    }
  }

  #tell(reading: Reading, head: number): void {
    must(
      head <= this.#witness.head,
      `R9 a reader was told ${head}, and the head is ${this.#witness.head}`,
    );
    reading.told = head;
  }

  #readingOf(socket: ServerSocket): Reading {
    const known = this.#readings.get(socket);
    if (known !== undefined) return known;
    const reading: Reading = {
      after: null,
      isAsking: false,
      phase: "silent",
      incarnation: "",
      liveIn: "",
      head: 0,
      told: 0,
      isStranger: false,
      presence: null,
      acknowledged: 0,
      held: undefined,
      asleepAt: undefined,
    };
    this.#readings.set(socket, reading);
    return reading;
  }
}

/** Whether a runner holds it until it is durable. */
const isPreview = (event: SessionEvent) => !isControl(event) || event.type === "tasks.changed";
