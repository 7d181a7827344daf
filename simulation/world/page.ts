/** A page of a browser with the product's own client in it, and everything that it was ever shown. */

import { SessionClient } from "../../packages/perdure/src/client/session-client.ts";
import { storageOutboxStore } from "../../packages/perdure/src/client/outbox-store.ts";
import type {
  CommandResult,
  Problem,
  SessionEvent,
} from "../../packages/perdure/src/protocol/index.ts";
import { textOf } from "../../packages/perdure/src/protocol/index.ts";
import type { SessionState } from "../../packages/perdure/src/protocol/index.ts";
import { memoryStorage } from "../../packages/perdure/test/support/memory-storage.ts";
import { Process } from "../runtime/runtime.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Dial } from "./page-socket.ts";
import { pageWebSocket } from "./page-socket.ts";
import type { Wire } from "./wire.ts";

/** An answer to a command, as it reached somebody. */
export type Answer =
  | { readonly ok: true; readonly result: CommandResult }
  | { readonly ok: false; readonly problem: Problem };

/** What a page needs of the world. */
export interface PageHost {
  readonly runtime: Runtime;
  readonly dial: Dial;
  /** An answer to a command has arrived. */
  onAnswer(id: string, answer: Answer): void;
  /** The words of an answer that were on the screen are not any more. */
  onRetracted(words: readonly string[]): void;
}

/** One tab. It may be loaded again; its outbox survives that. */
export class Page {
  readonly name: string;
  /** Whether it begins with the whole log rather than with a snapshot. */
  readonly readsAll: boolean;
  readonly #host: PageHost;
  /** What a browser keeps when the page is loaded again. */
  readonly #outbox = storageOutboxStore(memoryStorage(), "session");
  #process: Process | undefined;
  /** Its newest connection. */
  #wire: Wire | undefined;
  #client: SessionClient | undefined;
  /** Durable events since the last load, in the order in which the client gave them out. */
  events: { readonly event: SessionEvent; readonly position: number }[] = [];
  /** Where the events of this load begin: after a snapshot, or after nothing; undefined before the first. */
  from: number | undefined;
  #shown = "";
  /** Whether a delta was swallowed, so that those after it may stand in the wrong place. */
  #isMisplaced = false;
  /** Ids whose answers this page waits for. */
  readonly #waiting = new Set<string>();

  constructor(name: string, host: PageHost, readsAll: boolean) {
    this.name = name;
    this.#host = host;
    this.readsAll = readsAll;
  }

  get client(): SessionClient {
    if (this.#client === undefined) throw new Error("The page was not loaded.");
    return this.#client;
  }

  get session(): SessionState | undefined {
    return this.client.getState().session;
  }

  /** Whether it has everything, and no command waits for an answer. */
  get isSettled(): boolean {
    const { link, problem, outbox } = this.client.getState();
    const isOver = problem?.code === "session_terminated";
    return (link === "live" || isOver) && outbox.length === 0;
  }

  /** Loads the page, again if need be: its memory is new, its storage is not. */
  load(): void {
    const { runtime, dial } = this.#host;
    if (this.#process !== undefined) this.#process.isAlive = false;
    const process = new Process(this.name);
    this.#process = process;
    runtime.trace(`${this.name} is loaded`);
    this.events = [];
    this.from = this.readsAll ? 0 : undefined;
    this.#shown = "";
    this.#isMisplaced = false;
    this.#waiting.clear();
    runtime.run(process, () => {
      const client = new SessionClient({
        url: "http://session.test",
        session: "s",
        outbox: this.#outbox,
        WebSocket: pageWebSocket(runtime, (end, answer) =>
          dial(end, (result) => {
            this.#wire = typeof result === "number" ? undefined : result;
            answer(result);
          }),
        ),
        after: this.readsAll ? 0 : null,
        clock: () => Date.now(),
        random: () => runtime.random(),
      });
      this.#client = client;
      client.on("event", (event, position) => this.#onEvent(event, position));
      client.on("reset", (snapshot) => this.#onReset(snapshot.position));
      client.on("error", (problem) => {
        this.#host.runtime.fail(
          `${this.name} was refused a frame: ${problem.code} ${problem.detail}`,
        );
      });
      client.subscribe(() => this.#onChange());
      client.connect();
    });
  }

  /** The page is closed, and the network says so. */
  close(): void {
    if (this.#process !== undefined) this.#process.isAlive = false;
    this.#host.runtime.trace(`${this.name} is closed`);
    this.#wire?.cut({ dialling: true, dialled: true });
  }

  /** Runs code of this page; what it asks for is answered to the host. */
  ask(id: string, work: (client: SessionClient) => Promise<CommandResult>): void {
    const { runtime } = this.#host;
    const { client } = this;
    if (this.#process === undefined || this.#waiting.has(id)) return;
    this.#waiting.add(id);
    runtime.run(this.#process, () => {
      work(client).then(
        (result) => this.#answered(client, id, { ok: true, result }),
        (error: {
          readonly code: Problem["code"];
          readonly message: string;
          readonly extra?: unknown;
        }) => {
          const problem = { code: error.code, detail: error.message, extra: error.extra };
          this.#answered(client, id, { ok: false, problem: problem as Problem });
        },
      );
    });
  }

  /** The person presses the button, or the network came back: it does not wait for the next attempt. */
  reconnect(): void {
    if (this.#process !== undefined)
      this.#host.runtime.run(this.#process, () => this.client.reconnect());
  }

  #answered(client: SessionClient, id: string, answer: Answer): void {
    if (client === this.#client) this.#waiting.delete(id);
    // Given up with the link: that is no answer to the command.
    if (!answer.ok && answer.problem.detail === client.getState().problem?.detail) return;
    this.#host.onAnswer(id, answer);
  }

  #onEvent(event: SessionEvent, position: number): void {
    this.#host.runtime.trace(`${this.name} is given ${position}`);
    if (this.from === undefined) this.from = position - 1;
    const expected = this.from + this.events.length + 1;
    if (position !== expected)
      this.#host.runtime.fail(`R22 ${this.name} was given position ${position}, not ${expected}.`);
    this.events.push({ event, position });
  }

  #onReset(position: number): void {
    this.#host.runtime.trace(`${this.name} is reset to ${position}`);
    this.events = [];
    this.from = position;
    this.#shown = "";
  }

  #onChange(): void {
    const { session } = this.client.getState();
    if (session === undefined) return;
    const text = wordsShown(session);
    if (this.#wire?.hasLost === true) this.#isMisplaced = true;
    // Mostly it only grows.
    if (!text.startsWith(this.#shown)) this.#compare(text);
    this.#shown = text;
  }

  #compare(text: string): void {
    const now = new Set(text.split(" "));
    const gone = this.#shown.split(" ").filter((word) => word !== "" && !now.has(word));
    if (gone.length === 0) return;
    // What stands in the wrong place is taken away to be put in the right one, maybe on another connection.
    if (this.#isMisplaced) {
      this.#isMisplaced = this.#wire?.hasLost === true;
      return;
    }
    this.#host.runtime.trace(`${this.name} shows no more ${gone.join()}`);
    this.#host.onRetracted(gone);
  }
}

/** All words of the agents on the screen, the last message last. */
function wordsShown({ messages, open }: SessionState): string {
  const finished = messages.flatMap(({ message }) =>
    message.role === "assistant" ? [textOf(message)] : [],
  );
  return open === undefined ? finished.join("") : [...finished, textOf(open.message)].join("");
}
