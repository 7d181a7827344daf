import type { RunnerEvent, RunnerFrame } from "perdure/protocol";
import type { RelayClock, RelayLink, RelaySpool } from "./relay-ports.ts";

/** Most events in one frame. */
export const MAX_EVENTS_PER_FRAME = 200;

/** A frame ends with the event that reaches this size, in bytes: a reader sees a long backlog in steps. */
export const FRAME_BYTES = 64 * 1024;

/**
 * Most characters that may be under way without an acknowledgement. The session flushes at 32 KB or after a second, so a
 * link that works never gets here; one that does not is not filled with a backlog that must be sent again anyway.
 */
export const WINDOW_CHARACTERS = 4 * 1024 * 1024;

/**
 * What was sent and not acknowledged for this long is sent again, in milliseconds; the wait doubles up to eight times this.
 * It is five times what a flush takes: only a session that lost its memory and kept its sockets stays silent for so long.
 */
export const RESEND_AFTER_MS = 5_000;

/** The way of events to the session: each is in the spool before it is sent and stays there until it is acknowledged. */
export class Upstream {
  readonly #spool: RelaySpool;
  readonly #clock: RelayClock;
  #link: RelayLink | undefined;
  #epoch = 0;
  /** The last event that went out on this link. */
  #sent = 0;
  #underWay: { readonly last: number; readonly size: number }[] = [];
  #underWaySize = 0;
  #isPumpDue = false;
  #expected: number | undefined;
  #resendWait = RESEND_AFTER_MS;
  #stopResendTimer: (() => void) | undefined;

  constructor(spool: RelaySpool, clock: RelayClock) {
    this.#spool = spool;
    this.#clock = clock;
  }

  /** Keeps an event, and sends it with all else that is emitted in the same tick. Returns its number. */
  append(event: RunnerEvent): number {
    const r = this.#spool.append(event);
    if (!this.#isPumpDue) {
      this.#isPumpDue = true;
      this.#clock.soon(() => {
        this.#isPumpDue = false;
        this.#pump();
      });
    }
    return r;
  }

  /** The session is listening on this link and has everything up to the acknowledged event: sends the rest. */
  attach(link: RelayLink, epoch: number): void {
    this.#link = link;
    this.#epoch = epoch;
    this.#resendWait = RESEND_AFTER_MS;
    this.resend();
  }

  /** The link is gone. */
  detach(): void {
    this.#link = undefined;
    this.#forgetUnderWay();
  }

  /** Everything up to `r` is durable. */
  acknowledged(r: number): void {
    this.#spool.acknowledge(r);
    const isProgress = this.#underWay.some((frame) => frame.last <= r);
    this.#underWay = this.#underWay.filter((frame) => frame.last > r);
    this.#underWaySize = this.#underWay.reduce((sum, frame) => sum + frame.size, 0);
    this.#sent = Math.max(this.#sent, r);
    if (isProgress) {
      this.#resendWait = RESEND_AFTER_MS;
      this.#restartResendTimer();
    }
    this.#pump();
  }

  /** The session has `r` in its memory and wants what follows. Frames that crossed ask for the same again: once is enough. */
  expected(r: number): void {
    if (this.#expected === r) return;
    this.#forgetUnderWay();
    this.#expected = r;
    this.#sent = Math.max(r, this.#spool.first - 1);
    this.#pump();
  }

  /** Sends everything again that is not acknowledged: duplicates cost little, and a gap would stay. */
  resend(): void {
    this.#forgetUnderWay();
    this.#sent = this.#spool.first - 1;
    this.#pump();
  }

  #pump(): void {
    const link = this.#link;
    if (link === undefined) return;
    while (this.#sent < this.#spool.next - 1 && this.#underWaySize < WINDOW_CHARACTERS) {
      const first = this.#sent + 1;
      const events = this.#spool.read(first, { events: MAX_EVENTS_PER_FRAME, bytes: FRAME_BYTES });
      if (events.length === 0) throw new Error(`The spool does not hold event ${first}.`);
      const frame = frameOf({ t: "events", epoch: this.#epoch, r: first, e: [] }, events);
      this.#sent += events.length;
      this.#underWay.push({ last: this.#sent, size: frame.length });
      this.#underWaySize += frame.length;
      link.send(frame);
    }
    if (this.#stopResendTimer === undefined) this.#restartResendTimer();
  }

  #forgetUnderWay(): void {
    this.#underWay = [];
    this.#underWaySize = 0;
    this.#expected = undefined;
    this.#stopResendTimer?.();
    this.#stopResendTimer = undefined;
  }

  #restartResendTimer(): void {
    this.#stopResendTimer?.();
    this.#stopResendTimer = undefined;
    if (this.#underWay.length === 0) return;
    this.#stopResendTimer = this.#clock.after(this.#resendWait, () => {
      this.#stopResendTimer = undefined;
      this.#resendWait = Math.min(this.#resendWait * 2, RESEND_AFTER_MS * 8);
      this.resend();
    });
  }
}

/** The events are JSON already: they are put into the frame as they are. */
function frameOf(
  frame: Extract<RunnerFrame, { readonly t: "events" }>,
  events: readonly string[],
): string {
  return `${JSON.stringify(frame).slice(0, -"]}".length)}${events.join(",")}]}`;
}
