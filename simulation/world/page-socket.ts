/** The `WebSocket` that a page of a simulated browser has. */

import type { Runtime } from "../runtime/runtime.ts";
import type { Message, Wire, WireEnd } from "./wire.ts";

/** Dials the object: answers with a connection, or with the status that refused it. */
export type Dial = (end: WireEnd, answer: (result: Wire | number) => void) => void;

/** A page's class of WebSocket: what it opens leads to where `dial` says. */
export function pageWebSocket(runtime: Runtime, dial: Dial) {
  return class PageSocket extends EventTarget implements WireEnd {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSING = 2;
    static readonly CLOSED = 3;
    readonly CONNECTING = 0;
    readonly OPEN = 1;
    readonly CLOSING = 2;
    readonly CLOSED = 3;
    readonly url: string;
    readonly protocol = "";
    readonly extensions = "";
    readonly bufferedAmount = 0;
    binaryType: BinaryType = "blob";
    readyState = 0;
    readonly #page = runtime.process;
    #wire: Wire | undefined;
    /** What arrives before the page has heard that the socket is open. */
    readonly #early: Message[] = [];

    constructor(url: string) {
      super();
      this.url = url;
      runtime.afterOutside(runtime.between(1, 30), () =>
        dial(this, (result) => this.#dialled(result)),
      );
    }

    send(text: string): void {
      runtime.trace(`${this.#page?.name} (${this.readyState}) sends ${text.slice(0, 120)}`);
      if (this.readyState === 1) this.#wire?.send(0, { kind: "text", text });
    }

    close(code = 1000, reason = ""): void {
      if (this.readyState >= 2) return;
      const wasOpen = this.readyState === 1;
      this.readyState = 2;
      if (wasOpen) this.#wire?.send(0, { kind: "close", code, reason });
      else this.#end(1006, "");
    }

    receive(message: Message): void {
      if (this.readyState === 3) return;
      runtime.trace(`${this.#page?.name} gets ${JSON.stringify(message).slice(0, 160)}`);
      if (this.readyState === 0) {
        this.#early.push(message);
        return;
      }
      if (message.kind === "close") {
        if (this.readyState === 1)
          this.#wire?.send(0, { kind: "close", code: message.code, reason: message.reason });
        return this.#end(message.code, message.reason);
      }
      if (this.readyState === 1) this.#tell(new MessageEvent("message", { data: message.text }));
    }

    lost(): void {
      this.#end(1006, "");
    }

    #dialled(result: Wire | number): void {
      runtime.afterOutside(runtime.between(1, 30), () => {
        if (typeof result === "number") return this.#end(1006, "");
        if (this.readyState !== 0 || this.#page?.isAlive === false) return result.abandon(0, true);
        this.#wire = result;
        this.readyState = 1;
        this.#tell(new Event("open"));
        for (const message of this.#early) this.receive(message);
        return undefined;
      });
    }

    #end(code: number, reason: string): void {
      if (this.readyState === 3) return;
      this.readyState = 3;
      if (code === 1006) this.#tell(new Event("error"));
      this.#tell(Object.assign(new Event("close"), { code, reason, wasClean: code !== 1006 }));
    }

    #tell(event: Event): void {
      if (this.#page !== undefined) runtime.run(this.#page, () => this.dispatchEvent(event));
    }
  };
}
