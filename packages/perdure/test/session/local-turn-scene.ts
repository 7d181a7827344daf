import type {
  TurnContext,
  TurnHost,
  TurnOutput,
  TurnQuestion,
  TurnRetry,
} from "../../src/session/index.ts";
import { LiveReader } from "../support/live-reader.ts";
import { SessionWorld, turn } from "../support/session-world.ts";

export { turn } from "../support/session-world.ts";

/** Everything that waits for something other than time has happened. */
export async function rest(): Promise<void> {
  for (let times = 0; times < 8; times += 1) await turn();
}

/** A stream that a test writes by hand. */
export class Pen {
  readonly stream: ReadableStream<never>;
  #controller: ReadableStreamDefaultController<unknown> | undefined;
  /** Whether somebody has stopped reading. */
  isCancelled = false;

  constructor() {
    this.stream = new ReadableStream<unknown>({
      start: (controller) => void (this.#controller = controller),
      cancel: () => void (this.isCancelled = true),
    }) as ReadableStream<never>;
  }

  async write(...chunks: unknown[]): Promise<void> {
    for (const chunk of chunks) if (!this.isCancelled) this.#controller?.enqueue(chunk);
    await rest();
  }

  async text(...words: string[]): Promise<void> {
    await this.write(...words.map((delta) => ({ type: "text-delta", id: "t", delta })));
  }

  async end(): Promise<void> {
    this.#controller?.close();
    await rest();
  }
}

export const QUESTION: TurnQuestion = { kind: "payment", title: "Pay 10", input: { euros: 10 } };

/** A session whose turns are run by `onTurn`, and a reader of it. */
export class LocalScene {
  /** Each run that was begun, in order. */
  readonly runs: TurnContext[] = [];
  /** What was thrown, as the hook heard it. */
  readonly errors: unknown[] = [];
  reasonOf: (error: unknown) => string | undefined = () => undefined;
  world!: SessionWorld;
  reader!: LiveReader;

  static async with(
    onTurn: (turn: TurnContext) => TurnOutput | Promise<TurnOutput>,
    retry: TurnRetry = { attempts: 1 },
  ): Promise<LocalScene> {
    const scene = new LocalScene();
    const host: TurnHost = {
      run: (context) => {
        scene.runs.push(context);
        return onTurn(context);
      },
      onError: (error) => {
        scene.errors.push(error);
        return scene.reasonOf(error);
      },
      retry,
    };
    scene.world = await SessionWorld.created(host);
    scene.reader = await LiveReader.connected(scene.world);
    return scene;
  }

  /** Prompts, and lets begin what is to begin. */
  async prompt(id: string, text = "hello"): Promise<void> {
    await this.world.prompt(id, text);
    await rest();
  }

  /** The time of a flush passes. */
  async flush(): Promise<void> {
    this.world.clock.advance(200);
    await rest();
    await this.reader.pump();
  }

  /** Time passes, and the alarm rings. */
  async ring(milliseconds: number): Promise<void> {
    this.world.clock.advance(milliseconds);
    await this.world.ring();
    await rest();
  }

  /** The object's memory is lost; something arrives. */
  async evict(): Promise<void> {
    this.world.evict();
    await rest();
  }

  async decide(approval: string, option: string): Promise<void> {
    await this.world.decide(`decide ${approval}`.replaceAll(" ", "-"), approval, option);
    await rest();
  }

  /** The question that is open. */
  get question() {
    return this.world.session.approvals({ state: "pending" }).approvals[0];
  }

  /** Types of the durable events from the newest prompt on, deltas as their text. */
  get told(): readonly string[] {
    const events = this.world.events();
    const from = events.findLastIndex(({ type }) => type === "turn.queued");
    return events
      .slice(from)
      .map((event) =>
        event.type === "text-delta"
          ? event.delta
          : event.type === "turn.ended"
            ? `ended ${event.outcome}`
            : event.type === "turn.retried"
              ? `retried ${event.attempt} ${event.why}`
              : event.type,
      );
  }

  get outcome() {
    return this.world.session.state.lastOutcome;
  }

  /** The text of each finished message of the agent. */
  get answers(): readonly string[] {
    return this.world.session.history
      .recent(50)
      .filter(({ message }) => message.role === "assistant")
      .map(({ message }) =>
        message.parts.map((part) => (part.type === "text" ? part.text : `<${part.type}>`)).join(""),
      );
  }
}
