/**
 * Where one Durable Object lives: it gives the product's class the platform that it expects, starts it when something
 * arrives, and lets it die in all the ways in which the platform does.
 */

import { Process } from "../runtime/runtime.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Side, WireEnd } from "../world/wire.ts";
import { Wire } from "../world/wire.ts";
import { ServerSocket } from "./socket.ts";
import type { SocketHost } from "./socket.ts";
import { SimulatedStorage } from "./storage.ts";

/** The entry points of a Durable Object that this world uses. */
export interface DurableObjectInstance {
  fetch(request: Request): Promise<Response>;
  webSocketMessage(socket: WebSocket, message: string): Promise<void>;
  webSocketClose(socket: WebSocket, code: number, reason: string): Promise<void>;
  webSocketError(socket: WebSocket): Promise<void>;
  alarm(): Promise<void>;
}

/** How a host makes an object. */
export type ObjectClass<T extends DurableObjectInstance> = new (
  ctx: DurableObjectState,
  env: never,
) => T;

interface Life<T> {
  readonly process: Process;
  readonly object: T;
}

/** What a `WebSocketPair` of the object that runs now is made of. */
let pairMaker: (() => ServerSocket) | undefined;

/** The platform's classes, for objects. */
export function installPlatform(): void {
  class WebSocketPair {
    readonly 0 = {};
    readonly 1 = pairMaker?.();
  }
  class WebSocketRequestResponsePair {
    readonly request: string;
    readonly response: string;
    constructor(request: string, response: string) {
      this.request = request;
      this.response = response;
    }
  }
  const NodeResponse = globalThis.Response;
  /** Node's own refuses the status of an upgrade. */
  class PlatformResponse extends NodeResponse {
    readonly #status: number | undefined;
    constructor(body?: BodyInit | null, init?: ResponseInit) {
      super(body, init?.status === 101 ? { ...init, status: 200 } : init);
      this.#status = init?.status;
    }
    override get status(): number {
      return this.#status ?? super.status;
    }
  }
  Object.assign(globalThis, {
    WebSocketPair,
    WebSocketRequestResponsePair,
    Response: PlatformResponse,
  });
}

/** Hears what goes over the sockets of an object. */
export interface SocketObserver {
  /** The object has lost its memory, and wakes with these sockets. */
  woke(sockets: readonly ServerSocket[]): void;
  /** A frame has arrived. */
  received(socket: ServerSocket, text: string): void;
  /** A frame has left: all that was written before it is durable. */
  sent(socket: ServerSocket, text: string): void;
  /** The object closes a socket. */
  closing(socket: ServerSocket, code: number): void;
}

/** The host of one object. */
export class ObjectHost<T extends DurableObjectInstance> implements SocketHost {
  readonly #runtime: Runtime;
  readonly #name: string;
  #objectClass: ObjectClass<T>;
  readonly #env: unknown;
  /** Called with each new life of the object, before anything else happens to it. */
  onWake: (object: T) => void = () => {};
  /** Hears all that goes over the object's sockets. */
  observer: SocketObserver | undefined;
  /** The next connection loses frames from one side from its beginning on, for so many milliseconds. */
  nextDrops: { readonly from: Side; readonly milliseconds: number } | undefined;
  /** Called when memory is about to go and all that it wrote is durable. */
  onEnd: (object: T) => void = () => {};
  readonly storage: SimulatedStorage;
  autoResponse: { readonly request: string; readonly response: string } | undefined;
  #life: Life<T> | undefined;
  #lives = 0;
  #sockets: ServerSocket[] = [];
  #isRinging = false;
  /** No connection is let in until then: a deploy, or a crash that takes its time. */
  #awayUntil = 0;
  /** Calls whose answer has not left the object. */
  readonly #calls = new Set<(error: Error) => void>();

  constructor(runtime: Runtime, name: string, objectClass: ObjectClass<T>, env: unknown) {
    this.#runtime = runtime;
    this.#name = name;
    this.#objectClass = objectClass;
    this.#env = env;
    this.storage = new SimulatedStorage(runtime, () => void this.#ring());
  }

  /** How often memory was new. */
  get lives(): number {
    return this.#lives;
  }

  /** The object's ends of all connections. */
  get sockets(): readonly ServerSocket[] {
    return this.#sockets;
  }

  /** All open connections. */
  get wires(): readonly Wire[] {
    return this.#sockets.flatMap((socket) => socket.wire ?? []);
  }

  // -------------------------------------------------------------------------------------------- from outside

  /** Opens a socket: calls back with the connection, or with the status that it was refused with. */
  upgrade(
    name: string,
    request: Request,
    dialling: WireEnd,
    answer: (result: Wire | number) => void,
  ): void {
    if (this.#runtime.now() < this.#awayUntil) return answer(503);
    const life = this.#wake();
    if (life === undefined) return answer(500);
    this.#enter(life, async () => {
      let made: ServerSocket | undefined;
      pairMaker = () => (made = new ServerSocket(this));
      const pending = life.object.fetch(request);
      pairMaker = undefined;
      const response = await pending;
      this.gate(() => {
        if (response.status !== 101 || made === undefined) return answer(response.status);
        const wire = new Wire(this.#runtime, name, dialling, made);
        if (this.nextDrops !== undefined)
          wire.drop(this.nextDrops.from, this.nextDrops.milliseconds);
        this.nextDrops = undefined;
        made.join(wire);
        answer(wire);
      });
    });
  }

  /** Calls the object by RPC. Rejects where it dies before the answer has left. */
  call<R>(work: (object: T) => Promise<R>): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const life = this.#wake();
    if (life === undefined) reject(new Error("The object does not start."));
    else {
      this.#calls.add(reject);
      this.#enter(life, async () => {
        try {
          const value = await work(life.object);
          this.gate(() => {
            this.#calls.delete(reject);
            resolve(value);
          });
        } catch (error) {
          this.#calls.delete(reject);
          reject(error);
        }
      });
    }
    return promise;
  }

  /** Looks at the object where it is in memory. */
  look(see: (object: T) => void): void {
    const life = this.#life;
    if (life !== undefined) this.#runtime.run(life.process, () => see(life.object));
  }

  /** Looks at the object, started where it is not in memory. */
  peek(see: (object: T) => void): void {
    this.#wake();
    this.look(see);
  }

  // -------------------------------------------------------------------------------------------- death

  /** The object ends at once: what was not confirmed never was, and its sockets are gone. */
  crash(why: string): void {
    this.#runtime.trace(`${this.#name} crashes: ${why}`);
    this.storage.crash();
    this.#end();
    this.#dropSockets();
  }

  /** The object's memory goes; its sockets and their attachments stay. */
  evict(): void {
    this.storage.confirm();
    // What the confirmation has let go on still happens in this memory.
    this.#runtime.afterOutside(0, () => {
      this.storage.confirm();
      this.look(this.onEnd);
      this.#runtime.trace(`${this.#name} is evicted`);
      this.#end();
    });
  }

  /** A new version, perhaps of another class: every socket is closed, and memory goes. */
  deploy(objectClass: ObjectClass<T> = this.#objectClass): void {
    this.#runtime.trace(`${this.#name} is deployed`);
    this.#objectClass = objectClass;
    this.storage.confirm();
    this.look(this.onEnd);
    this.crash("deploy");
    this.#awayUntil = this.#runtime.now() + this.#runtime.between(0, 2_000);
  }

  // -------------------------------------------------------------------------------------------- for sockets

  gate(effect: () => void): void {
    this.storage.gate(effect);
  }

  onSent(socket: ServerSocket, text: string): void {
    this.observer?.sent(socket, text);
  }

  onClosing(socket: ServerSocket, code: number): void {
    this.observer?.closing(socket, code);
  }

  onMessage(socket: ServerSocket, text: string): void {
    const life = this.#wake();
    this.observer?.received(socket, text);
    if (life !== undefined)
      this.#enter(life, () => life.object.webSocketMessage(asPlatform(socket), text));
  }

  onClose(socket: ServerSocket, code: number, reason: string): void {
    this.#sockets = this.#sockets.filter((other) => other !== socket);
    const life = this.#wake();
    if (life === undefined) return;
    this.#enter(life, () =>
      code === 1006 && this.#runtime.chance(0.5)
        ? life.object.webSocketError(asPlatform(socket))
        : life.object.webSocketClose(asPlatform(socket), code, reason),
    );
  }

  // -------------------------------------------------------------------------------------------- inside

  #wake(): Life<T> | undefined {
    if (this.#life !== undefined) return this.#life;
    this.#lives += 1;
    const process = new Process(`${this.#name}#${this.#lives}`);
    this.#runtime.run(process, () => {
      this.#life = {
        process,
        object: new this.#objectClass(this.#context(process), this.#env as never),
      };
    });
    this.observer?.woke(this.#sockets);
    this.look(this.onWake);
    return this.#life;
  }

  #enter(life: Life<T>, work: () => Promise<void>): void {
    const failed = (error: unknown): void => {
      if (!life.process.isAlive) return;
      this.#runtime.faults.push(error);
    };
    this.#runtime.run(life.process, () => {
      try {
        work().catch(failed);
      } catch (error) {
        failed(error);
      }
    });
  }

  async #ring(): Promise<void> {
    const life = this.#wake();
    if (life === undefined) return this.storage.alarmAgain();
    this.#isRinging = true;
    this.storage.alarmBegins();
    this.#enter(life, async () => {
      try {
        await life.object.alarm();
        this.storage.alarmDone();
      } catch {
        this.storage.alarmAgain();
      } finally {
        this.#isRinging = false;
      }
    });
  }

  #end(): void {
    if (this.#life !== undefined) this.#life.process.isAlive = false;
    this.#life = undefined;
    for (const reject of this.#calls) reject(new Error("The object has ended."));
    this.#calls.clear();
    if (this.#isRinging) this.storage.alarmAgain();
    this.#isRinging = false;
  }

  #dropSockets(): void {
    for (const socket of this.#sockets.splice(0)) socket.destroy(this.#runtime.chance(0.7));
  }

  #context(process: Process): DurableObjectState {
    const abort = (reason: string): void => {
      if (!process.isAlive) return;
      this.crash(`abort: ${reason}`);
    };
    return {
      id: { toString: () => this.#name, name: this.#name },
      storage: this.storage.api,
      getWebSockets: () => this.#sockets.toReversed(),
      acceptWebSocket: (socket: unknown) => {
        if (!(socket instanceof ServerSocket)) throw new TypeError("This is no socket.");
        socket.accept();
        this.#sockets.push(socket);
      },
      setWebSocketAutoResponse: (pair: { request: string; response: string }) => {
        this.autoResponse = pair;
      },
      waitUntil: () => {},
      abort,
    } as unknown as DurableObjectState;
  }
}

const asPlatform = (socket: ServerSocket) => socket as unknown as WebSocket;
