/**
 * One connection between two ends: frames arrive in order on each of its two lanes, late, or, where it was cut, not at all.
 * Frames of different connections overtake each other.
 */

import type { Runtime } from "../runtime/runtime.ts";

/** What travels. */
export type Message =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "close"; readonly code: number; readonly reason: string };

/** What one side of a connection hears. */
export interface WireEnd {
  receive(message: Message): void;
  /** The connection is gone without a close frame. */
  lost(): void;
}

/** Side 0 dialled, side 1 was dialled. */
export type Side = 0 | 1;

interface Lane {
  readonly to: WireEnd;
  /** When the last frame arrives: none overtakes it. */
  lastAt: number;
  /** Frames are dropped until then, and the connection stays open: an intermediary that misbehaves. */
  dropsUntil: number;
  hasLost: boolean;
  isCut: boolean;
}

/** A connection. */
export class Wire {
  readonly #runtime: Runtime;
  readonly #name: string;
  readonly #lanes: readonly [Lane, Lane];
  /** Some connections are slow as a whole. */
  readonly #slowness: number;

  constructor(runtime: Runtime, name: string, dialling: WireEnd, dialled: WireEnd) {
    this.#runtime = runtime;
    this.#name = name;
    const lane = (to: WireEnd): Lane => ({
      to,
      lastAt: 0,
      dropsUntil: 0,
      hasLost: false,
      isCut: false,
    });
    this.#lanes = [lane(dialled), lane(dialling)];
    this.#slowness = runtime.chance(0.1) ? 20 : 1;
  }

  /** Whether frames to the side that dialled were ever dropped. */
  get hasLost(): boolean {
    return this.#lanes[1].hasLost;
  }

  /** Whether nothing arrives any more at either end. */
  get isDead(): boolean {
    return this.#lanes.every(({ isCut }) => isCut);
  }

  send(from: Side, message: Message): void {
    const lane = this.#lanes[from];
    const runtime = this.#runtime;
    if (lane.isCut) return;
    if (message.kind === "text" && runtime.now() < lane.dropsUntil) {
      runtime.trace(`${this.#name} drops ${message.text.slice(0, 80)}`);
      lane.hasLost = true;
      return;
    }
    lane.lastAt = Math.max(lane.lastAt, runtime.now() + this.#latency());
    runtime.afterOutside(lane.lastAt - runtime.now(), () => {
      if (!lane.isCut) lane.to.receive(message);
    });
  }

  /**
   * Cuts the connection, with what is under way on it. An end that is told hears of it soon; one that is not goes on as if
   * nothing had happened (half-open), until it gives up by itself.
   */
  cut(tells: { readonly dialling: boolean; readonly dialled: boolean }): void {
    const isToldBefore = this.isDead;
    for (const lane of this.#lanes) lane.isCut = true;
    if (isToldBefore) return;
    const [toDialled, toDialling] = this.#lanes;
    if (tells.dialled) this.#tell(toDialled);
    if (tells.dialling) this.#tell(toDialling);
  }

  /** An end gave up: the other side hears of it, or not. */
  abandon(by: Side, isTold: boolean): void {
    this.cut({ dialling: isTold && by === 1, dialled: isTold && by === 0 });
  }

  /** Frames from one side vanish for a while, without any end noticing. */
  drop(from: Side, milliseconds: number): void {
    this.#lanes[from].dropsUntil = this.#runtime.now() + milliseconds;
  }

  #tell(lane: Lane): void {
    this.#runtime.afterOutside(this.#latency(), () => lane.to.lost());
  }

  #latency(): number {
    const runtime = this.#runtime;
    const usual = runtime.chance(0.05) ? runtime.between(20, 400) : runtime.between(0.2, 6);
    return usual * this.#slowness;
  }
}
