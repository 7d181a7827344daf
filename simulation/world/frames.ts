/** Hears what goes over the object's sockets, and holds it against the rules for readers and for runners. */

import type { RunnerPresence } from "../../packages/perdure/src/protocol/index.ts";
import type { SocketObserver } from "../platform/object-host.ts";
import type { ServerSocket } from "../platform/socket.ts";
import { CommandOrder } from "../rules/command-order.ts";
import { ReaderFrames } from "../rules/reader-frames.ts";
import { RunnerFrames } from "../rules/runner-frames.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Spools } from "./spools.ts";
import type { Witness } from "./witness.ts";

/** All frames of one object. */
export class Frames implements SocketObserver {
  readonly #runtime: Runtime;
  readonly #readers: ReaderFrames;
  readonly #runners: RunnerFrames;
  readonly commands = new CommandOrder();

  constructor(runtime: Runtime, witness: Witness, spools: Spools) {
    this.#runtime = runtime;
    const runners = new RunnerFrames(runtime, witness, spools);
    this.#runners = runners;
    this.#readers = new ReaderFrames(witness, (presence) => runners.checkPresence(presence));
  }

  woke(sockets: readonly ServerSocket[]): void {
    this.#readers.woke(sockets);
    this.#runners.woke(sockets);
  }

  received(socket: ServerSocket, text: string): void {
    if (isRunner(socket)) this.#runtime.trace(`object gets ${text.slice(0, 160)}`);
    this.#look(() => this.#rulesOf(socket).received(socket, text));
    if (!isRunner(socket)) this.commands.received(socket, text);
  }

  sent(socket: ServerSocket, text: string): void {
    if (isRunner(socket)) this.#runtime.trace(`object sends a runner ${text.slice(0, 160)}`);
    this.#look(() => this.#rulesOf(socket).sent(socket, text));
  }

  closing(socket: ServerSocket, code: number): void {
    if (isRunner(socket)) this.#runners.closing(socket, code);
  }

  /** All that was written is durable, and all that waited for it has left. */
  settled(sockets: readonly ServerSocket[], isFull: boolean): void {
    this.#readers.settled(sockets.filter((socket) => !isRunner(socket)));
    this.#runners.settled(sockets.filter(isRunner), isFull);
    if (!sockets.some(isRunner)) this.#readers.checkTold(sockets, null);
  }

  /** The epoch of the claim that was granted last. */
  get epoch(): number {
    return this.#runners.epoch;
  }

  /** R20: what readers were told of the runner, once everything has come to rest. */
  checkTold(sockets: readonly ServerSocket[], runner: RunnerPresence | null): void {
    this.#readers.checkTold(
      sockets.filter((socket) => !isRunner(socket)),
      runner,
    );
  }

  #rulesOf(socket: ServerSocket): ReaderFrames | RunnerFrames {
    return isRunner(socket) ? this.#runners : this.#readers;
  }

  /** What is found ends the seed, and is no error of whoever sends. */
  #look(see: () => void): void {
    try {
      see();
    } catch (error) {
      this.#runtime.faults.push(error);
    }
  }
}

/** Known of each socket, for to read an attachment is to copy it. */
const kinds = new WeakMap<ServerSocket, string>();

function isRunner(socket: ServerSocket): boolean {
  let kind = kinds.get(socket);
  if (kind === undefined) {
    ({ kind } = socket.deserializeAttachment() as { readonly kind: string });
    kinds.set(socket, kind);
  }
  return kind === "runner";
}
