/** What a runner's socket gets and sends, frame by frame. */

import type { RunnerFrame, RunnerPresence } from "../../packages/perdure/src/protocol/index.ts";
import {
  CLOSE,
  parseRunnerFrame,
  parseRunnerServerFrame,
  PING,
  runningTurn,
} from "../../packages/perdure/src/protocol/index.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { ServerSocket } from "../platform/socket.ts";
import type { Spools } from "../world/spools.ts";
import type { Witness } from "../world/witness.ts";
import { must } from "./common.ts";

/** The shortest time until a command is sent again, in milliseconds. */
const REDELIVERED_AFTER_MS = 5_000;

/** The longest time until what a runner has sent is durable and acknowledged, in milliseconds, unless storage is full. */
const ACKNOWLEDGED_AFTER_MS = 2_500;

type Hello = Extract<RunnerFrame, { t: "hello" }>;

/** What has gone over one socket. */
interface Running {
  readonly hello: Hello;
  /** The epoch that it was welcomed under. */
  epoch: number | undefined;
  /** When each command was sent, and how often, in this life of the object's memory. */
  readonly sent: Map<number, { readonly at: number; readonly times: number }>;
  /** Commands that an earlier life had sent: this one sends them again, and need not know when that was. */
  readonly resent: Set<number>;
  /** The last event of a frame that must be taken or acknowledged again, and when it came. */
  owed: { readonly r: number; readonly at: number } | undefined;
}

/** Runners of one object, as their sockets show them. */
export class RunnerFrames {
  readonly #runtime: Runtime;
  readonly #witness: Witness;
  readonly #spools: Spools;
  readonly #runners = new WeakMap<ServerSocket, Running>();
  /** The epoch of each process that was welcomed. */
  readonly #epochs = new Map<string, number>();
  /** What the agent of each epoch is called. */
  readonly #agents = new Map<number, string>();
  /** Sockets that were closed for another one since all was durable. */
  #closing: { readonly running: Running; readonly code: number }[] = [];
  /** The process that said hello last. */
  #asked = "";
  /** The last that was welcomed. */
  #newest: { readonly epoch: number; readonly process: string } = { epoch: 0, process: "" };

  constructor(runtime: Runtime, witness: Witness, spools: Spools) {
    this.#runtime = runtime;
    this.#witness = witness;
    this.#spools = spools;
  }

  woke(sockets: readonly ServerSocket[]): void {
    // What had not left with the memory before has not happened.
    this.#closing = [];
    for (const socket of sockets) {
      const running = this.#runners.get(socket);
      if (running === undefined) continue;
      for (const command of running.sent.keys()) running.resent.add(command);
      running.sent.clear();
      running.owed = undefined;
    }
  }

  /** The epoch of the claim that was granted last. */
  get epoch(): number {
    return this.#newest.epoch;
  }

  received(socket: ServerSocket, text: string): void {
    if (text === PING) return;
    const frame = parseRunnerFrame(text);
    const running = this.#runners.get(socket);
    if (frame.t === "hello") {
      this.#asked = frame.process;
      must(running === undefined, `N1 ${frame.process} said hello twice on one connection`);
      this.#runners.set(socket, {
        hello: frame,
        epoch: undefined,
        sent: new Map(),
        resent: new Set(),
        owed: undefined,
      });
      return;
    }
    must(running?.epoch === frame.epoch, "N18 a runner sent events before it was welcome");
    const { process, spool } = running.hello;
    frame.e.forEach((event, index) =>
      must(
        this.#spools.holds(spool, frame.r + index, event),
        `N18 ${process} sent as event ${frame.r + index} what it has not written`,
      ),
    );
    const isGap = frame.r > this.#spools.durable(running.hello.spool) + 1;
    if (!isGap) running.owed ??= { r: frame.r + frame.e.length - 1, at: this.#runtime.now() };
  }

  sent(socket: ServerSocket, text: string): void {
    const frame = parseRunnerServerFrame(text);
    const running = this.#runners.get(socket);
    if (frame === undefined || frame.t === "error") return;
    must(running !== undefined, `N1 ${frame.t} was sent before any hello`);
    const { hello } = running;
    must(
      (running.epoch === undefined) === (frame.t === "welcome"),
      `N24 ${frame.t} was sent to ${hello.process} ${running.epoch === undefined ? "before" : "after"} its welcome`,
    );
    const durable = this.#spools.durable(hello.spool);
    switch (frame.t) {
      case "welcome":
        this.#welcome(hello, frame.epoch);
        if (hello.agent === undefined) this.#agents.delete(frame.epoch);
        else this.#agents.set(frame.epoch, hello.agent.name);
        running.epoch = frame.epoch;
        this.#spools.welcomed(hello.spool);
        must(
          frame.r === durable,
          `N5 ${hello.process} was told that the log has ${frame.r} of its events; it has ${durable}`,
        );
        return;
      case "ack":
        if (frame.r >= (running.owed?.r ?? 0)) running.owed = undefined;
        must(frame.r <= durable, `N8 event ${frame.r} was acknowledged; the log has ${durable}`);
        return;
      case "expect":
        must(frame.r < this.#spools.written(hello.spool), `N7 there is nothing after ${frame.r}`);
        return;
      case "command":
        return this.#command(running, frame.command);
    }
  }

  closing(socket: ServerSocket, code: number): void {
    const running = this.#runners.get(socket);
    if (running === undefined || (code !== CLOSE.fenced && code !== CLOSE.replaced)) return;
    this.#closing.push({ running, code });
  }

  /** N23: a presence that readers are told names the agent of the runner's hello, or of its start. */
  checkPresence(presence: RunnerPresence | null): void {
    const agent = presence === null ? undefined : this.#agents.get(presence.epoch);
    must(
      agent === undefined || presence?.agent?.name === agent,
      `N23 the agent of epoch ${presence?.epoch} is ${agent}, and readers are told ${presence?.agent?.name}`,
    );
  }

  /** All that was written is durable, and all that waited for it has left. */
  settled(sockets: readonly ServerSocket[], isFull: boolean): void {
    for (const { running, code } of this.#closing.splice(0)) {
      const { process } = running.hello;
      // A process whose welcome could not be sent has claimed too.
      const isAlone = process === this.#newest.process && process === this.#asked;
      must(code === CLOSE.replaced || !isAlone, `N3 ${process} was fenced by itself`);
      const isOther = process !== this.#newest.process && process !== this.#asked;
      must(code === CLOSE.fenced || !isOther, `N3 ${process} was replaced by another process`);
    }
    const open = sockets.filter(
      (socket) => socket.isOpen && this.#runners.get(socket)?.epoch !== undefined,
    );
    must(open.length <= 1, `N3 ${open.length} connections of runners are open`);
    const running = open[0] && this.#runners.get(open[0]);
    if (running === undefined) return;
    const now = this.#runtime.now();
    if (isFull) running.owed = undefined;
    const { owed, sent } = running;
    must(
      owed === undefined || now - owed.at < ACKNOWLEDGED_AFTER_MS,
      `N6 N8 event ${owed?.r} came, and was not acknowledged`,
    );
    const { turns, lifecycle } = this.#witness.state;
    const [first] = turns;
    const delivery = first?.state === "queued" ? sent.get(first.command) : undefined;
    // While the session is paused nothing is delivered; the wait starts when it goes on.
    if (delivery !== undefined && first !== undefined && lifecycle !== "active")
      sent.set(first.command, { ...delivery, at: now });
    must(
      delivery === undefined ||
        delivery.times > 1 ||
        lifecycle !== "active" ||
        now - delivery.at < 3 * REDELIVERED_AFTER_MS,
      `N25 the prompt of ${first?.id} was not begun, and was not sent again`,
    );
  }

  #welcome({ process }: Hello, epoch: number): void {
    const known = this.#epochs.get(process);
    must(
      known === undefined ? epoch > this.#newest.epoch : epoch === known,
      `N2 ${process} has epoch ${known}, the newest is ${this.#newest.epoch}, and it got ${epoch}`,
    );
    must(epoch >= this.#newest.epoch, `N4 ${process} of epoch ${epoch} was let in again`);
    this.#epochs.set(process, epoch);
    this.#newest = { epoch, process };
  }

  #command(
    { epoch = 0, sent, resent }: Running,
    { kind, command, turn }: { readonly kind: string; command: number; readonly turn: string },
  ): void {
    const { state, events, headBefore } = this.#witness;
    must((state.runner?.epoch ?? 0) >= epoch, `N11 command ${command} came before the start`);
    const begun = events.findIndex(
      (event) => event.type === "command.begun" && event.command === command,
    );
    must(
      begun === -1 || begun >= headBefore,
      `N12 command ${command} was sent, and the log says that it was begun`,
    );
    const now = this.#runtime.now();
    const before = sent.get(command);
    must(
      before === undefined || resent.has(command) || now - before.at >= REDELIVERED_AFTER_MS - 500,
      `N12 command ${command} was sent twice on one connection within ${now - (before?.at ?? 0)} ms`,
    );
    sent.set(command, { at: now, times: (before?.times ?? 0) + 1 });
    const running = runningTurn(state)?.id;
    must(
      kind !== "prompt" || running === undefined || running === turn,
      `N13 the prompt of ${turn} was sent while ${running} runs`,
    );
    // What left was written when the disk had confirmed less: a pause may be confirmed together with it.
    const hasChanged = events.slice(headBefore).some(({ type }) => type === "session.lifecycle");
    must(
      kind !== "prompt" || state.lifecycle === "active" || hasChanged,
      `T7 the prompt of ${turn} was sent, and the session is ${state.lifecycle}`,
    );
  }
}
