import { SessionClient } from "perdure/client";
import type { ControlEvent, SessionEvent } from "perdure/protocol";
import { isControl } from "perdure/protocol";
import { mintToken, readSecret } from "../../src/commands/connection.ts";
import { recordSockets } from "./recorded-sockets.ts";
import type { RunningServer } from "./scene.ts";
import { until } from "./until.ts";

type Event<T> = Extract<ControlEvent, { readonly type: T }> & { readonly position: number };

/** A session's log as a client is told of it from the first event on, and that client, which the test closes. */
export class SessionLog {
  readonly client: SessionClient;
  readonly #events: { readonly event: SessionEvent; readonly position: number }[] = [];
  readonly #connections: ReturnType<typeof recordSockets>["connections"];

  private constructor(server: RunningServer, session: string, token: string) {
    const { WebSocket, connections } = recordSockets();
    this.#connections = connections;
    this.client = new SessionClient({ url: server.url, session, token, WebSocket, after: 0 });
    this.client.on("event", (event, position) => this.#events.push({ event, position }));
    this.client.connect();
  }

  /** Reads a session that exists, as a person of this name who may decide; resolves when the client is live. */
  static async follow(
    server: RunningServer,
    session: string,
    subject = "ada",
  ): Promise<SessionLog> {
    const secret = (await readSecret(server.dir)) ?? "";
    const need = { role: "participant", subject, expiresInSeconds: 3_600 } as const;
    const log = new SessionLog(server, session, await mintToken(secret, need));
    await until("the client is live", () => log.client.getState().link === "live");
    return log;
  }

  /** The incarnation of the object that spoke last. */
  get incarnation(): string | undefined {
    return this.#connections.flatMap(({ frames }) => frames.map(({ i }) => i)).at(-1);
  }

  /** All durable events of a kind, in order, each with its position. */
  all<T extends ControlEvent["type"]>(type: T): readonly Event<T>[] {
    const isOfType = (event: ControlEvent): event is Extract<ControlEvent, { readonly type: T }> =>
      event.type === type;
    return this.#events.flatMap(({ event, position }) =>
      isControl(event) && isOfType(event) ? [{ ...event, position }] : [],
    );
  }

  /** Waits until there are so many events of a kind, and answers the last of them. */
  async nth<T extends ControlEvent["type"]>(count: number, type: T): Promise<Event<T>> {
    return until(`${count} × ${type}`, () => this.all(type)[count - 1]);
  }

  /** The outcomes of turns, in the order in which they ended. */
  get outcomes(): readonly string[] {
    return this.all("turn.ended").map(({ outcome }) => outcome);
  }

  /** The questions that wait for a person, as an asking agent's prompts name them, each with its id. */
  get open(): ReadonlyMap<string, string> {
    const approvals = this.client.getState().session?.approvals ?? [];
    const pending = approvals.filter(({ state }) => state === "pending");
    return new Map(pending.map(({ approval, title, input }) => [nameOf(title, input), approval]));
  }

  /** Waits until a question is open, and answers its id. */
  async untilOpen(question: string): Promise<string> {
    return until(`${question} is asked`, () => this.open.get(question));
  }
}

function nameOf(title: string, input: unknown): string {
  const { input: value } = Object(input);
  return `${title}:${String(value)}`;
}
