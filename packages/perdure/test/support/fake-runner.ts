import type { ApprovalRequest, RunnerEvent, RunnerServerFrame } from "../../src/protocol/index.ts";
import type { FakeLink } from "./fake-link.ts";
import type { SessionWorld } from "./session-world.ts";

/** A question with two answers. */
export const QUESTION = {
  kind: "edit",
  title: "Edit a.txt",
  input: { path: "a.txt", text: "new" },
  options: [
    { id: "yes", name: "Allow", kind: "allow_once" },
    { id: "no", name: "Reject", kind: "reject_once" },
  ],
} as const satisfies Partial<ApprovalRequest>;

/** A runner's side of the wire: numbers its events, and keeps them until they are acknowledged. */
export class FakeRunner {
  readonly #world: SessionWorld;
  readonly process: string;
  readonly spool: string;
  /** Undefined before the first connection. */
  #link: FakeLink | undefined;
  #inbox: RunnerServerFrame[] = [];
  epoch: number | undefined;
  next = 1;
  held: { readonly r: number; readonly e: RunnerEvent }[] = [];

  constructor(world: SessionWorld, process: string, spool: string) {
    this.#world = world;
    this.process = process;
    this.spool = spool;
  }

  get link(): FakeLink {
    if (this.#link === undefined) throw new Error("this runner never connected");
    return this.#link;
  }

  /** Dials, says hello, and takes the welcome; sends nothing else. */
  async connect(fields: object = {}): Promise<void> {
    this.#link = this.#world.connect("runner");
    this.#inbox = [];
    await this.#world.send(this.link, {
      t: "hello",
      v: 1,
      process: this.process,
      spool: this.spool,
      first: this.held[0]?.r ?? this.next,
      ...(this.epoch === undefined ? {} : { epoch: this.epoch }),
      ...fields,
    });
    this.#pull();
  }

  /** Connects again and sends what is still held. */
  async reconnect(): Promise<void> {
    await this.connect();
    await this.resend();
  }

  /** Sends all that is held, in one frame. */
  async resend(): Promise<void> {
    const [first] = this.held;
    if (first !== undefined)
      await this.send(
        first.r,
        this.held.map(({ e }) => e),
      );
  }

  /** The process has started its agent. */
  start(): Promise<void> {
    return this.emit({
      type: "runner.started",
      epoch: this.epoch ?? 0,
      agent: { name: "test" },
      restored: "new",
      at: this.#world.clock.now(),
    });
  }

  /** Writes events to the spool and sends them in one frame. */
  async emit(...events: readonly RunnerEvent[]): Promise<void> {
    const r = this.next;
    this.keep(...events);
    await this.send(r, events);
  }

  /** Writes events to the spool alone. */
  keep(...events: readonly RunnerEvent[]): void {
    for (const e of events) this.held.push({ r: this.next++, e });
  }

  /** Sends a frame of events, whatever is in the spool. */
  async send(r: number, e: readonly RunnerEvent[]): Promise<void> {
    await this.#world.send(this.link, { t: "events", epoch: this.epoch, r, e });
    this.#pull();
  }

  begin(command: number): Promise<void> {
    return this.emit({ type: "command.begun", command, at: this.#world.clock.now() });
  }

  /** One text delta. */
  text(delta: string): Promise<void> {
    return this.emit({ type: "text-delta", id: "t", delta });
  }

  ask(approval: string, turn: string, change: Partial<ApprovalRequest> = {}): Promise<void> {
    const at = this.#world.clock.now();
    return this.emit({ type: "approval.requested", approval, turn, ...QUESTION, ...change, at });
  }

  /** Ends its message and its turn. */
  end(turn: string, outcome: "completed" | "cancelled" = "completed"): Promise<void> {
    return this.emit(
      { type: "finish" },
      { type: "turn.ended", turn, outcome, at: this.#world.clock.now() },
    );
  }

  /** A prompt of this id was queued: takes it and begins it. */
  async beginPrompt(turn: string): Promise<void> {
    const command = this.commands().find((one) => one.kind === "prompt" && one.turn === turn);
    if (command === undefined) throw new Error(`the runner did not get the prompt ${turn}`);
    await this.begin(command.command);
  }

  /** A whole turn that says one text. */
  async answer(turn: string, text: string): Promise<void> {
    await this.beginPrompt(turn);
    await this.emit({ type: "start", messageId: `${turn}-reply` }, { type: "text-start", id: "t" });
    for (const word of text.split(/(?<= )/)) await this.text(word);
    await this.end(turn);
  }

  /** Frames that came since this was last asked. */
  frames(): RunnerServerFrame[] {
    this.#pull();
    return this.#inbox.splice(0);
  }

  /** Commands that came since frames were last asked for. */
  commands() {
    return this.frames().flatMap((frame) => (frame.t === "command" ? [frame.command] : []));
  }

  /** The last number that is acknowledged. */
  get acknowledged(): number {
    this.#pull();
    return (this.held[0]?.r ?? this.next) - 1;
  }

  #pull(): void {
    for (const frame of this.#link?.takeAsRunner() ?? []) {
      this.#inbox.push(frame);
      if (frame.t === "welcome") this.epoch = frame.epoch;
      if (frame.t === "welcome" || frame.t === "ack")
        this.held = this.held.filter(({ r }) => r > frame.r);
    }
  }
}
