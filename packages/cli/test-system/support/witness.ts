import type { OutboxStore, WebSocketConstructor } from "perdure/client";
import { SessionClient } from "perdure/client";
import type { SessionEvent } from "perdure/protocol";
import { textOf } from "perdure/protocol";
import { WebSocket } from "ws";
import type { Scene } from "./scene.ts";
import { until } from "./until.ts";

/** A client that reads a session from its beginning and notes every durable event. */
export class Witness {
  readonly client: SessionClient;
  readonly positions: number[] = [];
  readonly events: SessionEvent[] = [];

  constructor(options: {
    readonly url: string;
    readonly session: string;
    readonly token: string;
    readonly outbox?: OutboxStore;
    readonly WebSocket?: WebSocketConstructor;
  }) {
    this.client = new SessionClient({ WebSocket, ...options, after: 0 });
    this.client.on("event", (event, position) => {
      this.positions.push(position);
      this.events.push(event);
    });
    this.client.connect();
  }

  /** A witness with a token of the server's owner, once it is live. */
  static async of(scene: Scene, url: string, session: string): Promise<Witness> {
    const witness = new Witness({ url, session, token: await scene.token() });
    await witness.untilLive();
    return witness;
  }

  /** Two witnesses of one session, both live. */
  static async pair(...place: Parameters<typeof Witness.of>): Promise<readonly [Witness, Witness]> {
    return [await Witness.of(...place), await Witness.of(...place)];
  }

  get session() {
    return this.client.getState().session;
  }

  /** Characters of the running answer that are shown, durable or not. */
  get shown(): number {
    const answer = this.session?.open?.message;
    return answer === undefined ? 0 : textOf(answer).length;
  }

  /** The texts of all answers that have ended. */
  get answers(): string[] {
    const messages = this.session?.messages.map(({ message }) => message) ?? [];
    return messages.filter(({ role }) => role === "assistant").map(textOf);
  }

  /** How each turn that ended did, in order. */
  get outcomes(): { readonly turn: string; readonly outcome: string }[] {
    return this.events.flatMap((event) =>
      event.type === "turn.ended" ? [{ turn: event.turn, outcome: event.outcome }] : [],
    );
  }

  /** How a turn ended; undefined before that. */
  outcomeOf(turn: string): string | undefined {
    return this.outcomes.find((ended) => ended.turn === turn)?.outcome;
  }

  /** The text of all deltas between two indexes of `events`. */
  textBetween(start: number, end: number): string {
    const events = this.events.slice(start, end);
    return events.map((event) => (event.type === "text-delta" ? event.delta : "")).join("");
  }

  /** Resolves when the client has everything. */
  async untilLive(): Promise<void> {
    await until("the reader is live", () => this.client.getState().link === "live");
  }
}
