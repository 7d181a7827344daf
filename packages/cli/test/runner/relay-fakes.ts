import type { RunnerCommand, RunnerEvent, RunnerFrame, RunnerServerFrame } from "perdure/protocol";
import { isObject, parseRunnerFrame } from "perdure/protocol";
import type { PartitionPolicy } from "../../src/runner/partition.ts";
import type {
  AgentStart,
  RelayAgent,
  RelayClock,
  RelayEnd,
  RelayLink,
  RelaySpool,
} from "../../src/runner/relay-ports.ts";
import { Relay } from "../../src/runner/relay.ts";

/** Time that passes only when a test says so. */
export class FakeClock implements RelayClock {
  #now = 1_000;
  #soon: (() => void)[] = [];
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.#now + milliseconds, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** Ends the tick: runs what was put off to its end. */
  tick(): void {
    for (const callback of this.#soon.splice(0)) callback();
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
    const due = this.#timers.filter((timer) => timer.at <= this.#now);
    this.#timers = this.#timers.filter((timer) => timer.at > this.#now);
    for (const timer of due) timer.callback();
    this.tick();
  }
}

/** A spool in memory, which outlives the relay as a file does. */
export class MemorySpool implements RelaySpool {
  id = "spool-1";
  first = 1;
  next = 1;
  readonly begun = new Set<number>();
  #events = new Map<number, string>();

  get bytes(): number {
    return [...this.#events.values()].reduce((sum, json) => sum + json.length, 0);
  }

  append(event: RunnerEvent): number {
    this.#events.set(this.next, JSON.stringify(event));
    if (event.type === "command.begun") this.begun.add(event.command);
    this.next += 1;
    return this.next - 1;
  }

  read(from: number, most: { readonly events: number; readonly bytes: number }): string[] {
    const events: string[] = [];
    let bytes = 0;
    for (let r = from; r < this.next && events.length < most.events && bytes < most.bytes; r += 1) {
      const json = this.#events.get(r) ?? "";
      events.push(json);
      bytes += json.length;
    }
    return events;
  }

  acknowledge(r: number): void {
    for (; this.first <= r && this.first < this.next; this.first += 1) {
      this.#events.delete(this.first);
    }
  }

  hasBegun(command: number): boolean {
    return this.begun.has(command);
  }

  renew(): void {
    for (const json of this.#events.values()) {
      const event: unknown = JSON.parse(json);
      if (isObject(event) && typeof event["command"] === "number") {
        this.begun.delete(event["command"]);
      }
    }
    this.id = "spool-2";
    this.first = 1;
    this.next = 1;
    this.#events.clear();
  }
}

/** An agent that does nothing but remember what it was told. */
export class FakeAgent implements RelayAgent {
  readonly info = { name: "Fake agent" };
  readonly told: string[] = [];
  starts: { readonly epoch: number; readonly agentSession: string | null }[] = [];
  /** Lets `start` resolve. */
  ready: () => void = () => {};
  onAbandon: (turn: string, reason: string) => void = () => {};

  start(epoch: number, agentSession: string | null): Promise<AgentStart> {
    this.starts.push({ epoch, agentSession });
    return new Promise((resolve) => {
      this.ready = () => resolve({ agent: this.info, restored: "new", agentSession: "agent-1" });
    });
  }

  prompt(turn: string): void {
    this.told.push(`prompt ${turn}`);
  }

  answer(approval: string, option: string): void {
    this.told.push(`answer ${approval} ${option}`);
  }

  cancel(turn: string, reason?: string): void {
    this.told.push(reason === undefined ? `cancel ${turn}` : `cancel ${turn}: ${reason}`);
  }

  abandon(turn: string, reason: string): void {
    this.told.push(`abandon ${turn}`);
    this.onAbandon(turn, reason);
  }
}

/** One connection, as the session sees it: what arrived, in order. */
export class FakeLink implements RelayLink {
  readonly frames: RunnerFrame[] = [];
  readonly sizes: number[] = [];
  redialled: string | undefined;

  send(frame: string): void {
    this.sizes.push(frame.length);
    this.frames.push(parseRunnerFrame(frame));
  }

  redial(reason: string): void {
    this.redialled = reason;
  }

  /** All events that arrived, each with its number. */
  get events(): { readonly r: number; readonly event: RunnerEvent }[] {
    return this.frames.flatMap((frame) =>
      frame.t === "events" ? frame.e.map((event, index) => ({ r: frame.r + index, event })) : [],
    );
  }

  /** The numbers of all events that arrived. */
  get numbers(): number[] {
    return this.events.map(({ r }) => r);
  }

  /** The types of all events that arrived. */
  get types(): string[] {
    return this.events.map(({ event }) => event.type);
  }
}

type Welcome = Extract<RunnerServerFrame, { readonly t: "welcome" }>;

/** A relay with everything around it. */
export class Bench {
  readonly clock = new FakeClock();
  readonly agent = new FakeAgent();
  readonly ends: RelayEnd[] = [];
  readonly spool: RelaySpool;
  readonly relay: Relay;
  link = new FakeLink();

  constructor(
    spool: RelaySpool = new MemorySpool(),
    options: { readonly spoolLimit?: number; readonly onPartition?: PartitionPolicy } = {},
  ) {
    this.spool = spool;
    this.relay = new Relay({
      process: "process-1",
      spool: this.spool,
      clock: this.clock,
      agent: this.agent,
      onEnd: (end) => this.ends.push(end),
      ...options,
    });
  }

  /** Those of these commands that the spool knows as begun. */
  begun(...commands: number[]): number[] {
    return commands.filter((command) => this.spool.hasBegun(command));
  }

  /** Opens a new connection in place of any there is. */
  connect(): void {
    this.link = new FakeLink();
    this.relay.opened(this.link);
  }

  receive(frame: RunnerServerFrame): void {
    this.relay.received(JSON.stringify(frame));
    this.clock.tick();
  }

  welcome(r: number, fields: Partial<Welcome> = {}): void {
    this.receive({
      t: "welcome",
      v: 1,
      i: "object-1",
      session: "s",
      epoch: 7,
      r,
      turn: null,
      agentSession: null,
      ...fields,
    });
  }

  ack(r: number, turn: string | null = null, i = "object-1"): void {
    this.receive({ t: "ack", i, r, turn });
  }

  command(command: RunnerCommand, i = "object-1"): void {
    this.receive({ t: "command", i, command });
  }

  emit(...events: RunnerEvent[]): void {
    for (const event of events) this.relay.emit(event);
    this.clock.tick();
  }

  /** Connects, is welcomed, and gets the agent ready: `runner.started` is written. */
  async start(): Promise<void> {
    this.connect();
    this.welcome(this.spool.first - 1);
    await this.agentIsReady();
  }

  async agentIsReady(): Promise<void> {
    this.agent.ready();
    // The relay learns it in a later microtask.
    await new Promise((resolve) => setImmediate(resolve));
    this.clock.tick();
  }
}

export const prompt = (command: number, turn: string): RunnerCommand => ({
  kind: "prompt",
  command,
  turn,
  message: { id: turn, role: "user", parts: [{ type: "text", text: "hello" }] },
});

export const delta = (text: string): RunnerEvent => ({ type: "text-delta", id: "t", delta: text });

export const turnEnded = (turn: string): RunnerEvent => ({
  type: "turn.ended",
  turn,
  outcome: "completed",
  at: 1,
});
