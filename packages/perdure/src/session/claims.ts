/** Who may write: every process that ran the session has an epoch, and only the newest claim is in force. */

import type { Sql } from "../object/index.ts";

/** What one process was granted. */
export interface Claim {
  readonly epoch: number;
  readonly process: string;
  /** The spool that it writes from, and the number after which it went on there; null before any claim. */
  readonly spool: string | null;
  readonly r: number;
}

const NO_CLAIM: Claim = { epoch: 0, process: "", spool: null, r: 0 };

/** The claims of one session. */
export class Claims {
  readonly #sql: Sql;
  #current: Claim;

  constructor(sql: Sql) {
    this.#sql = sql;
    const [row] = sql.run<{ epoch: number; process: string; spool: string; r: number }>(
      "SELECT epoch, process, spool, r FROM claims ORDER BY epoch DESC LIMIT 1",
    );
    this.#current = row ?? NO_CLAIM;
  }

  /** The claim in force: a newer one never yields to an older. */
  get current(): Claim {
    return this.#current;
  }

  /** The epoch that a process was given, also one that never heard of it; undefined for a process that is new. */
  epochOf(process: string): number | undefined {
    if (process === this.#current.process) return this.#current.epoch;
    return this.#sql.run<{ epoch: number }>(
      "SELECT epoch FROM claims WHERE process = ? ORDER BY epoch DESC LIMIT 1",
      process,
    )[0]?.epoch;
  }

  /** Grants the next epoch. */
  mint(process: string, spool: string, r: number): void {
    const claim = { epoch: this.#current.epoch + 1, process, spool, r };
    this.#sql.run(
      "INSERT INTO claims (epoch, process, spool, r) VALUES (?, ?, ?, ?)",
      claim.epoch,
      process,
      spool,
      r,
    );
    this.#current = claim;
  }

  /**
   * The process goes on in this spool after this number. Kept, because the frames that follow name neither: without it an
   * object that loses its memory before the next flush would take them for those of another spool.
   */
  goOn(spool: string, r: number): void {
    this.#sql.run(
      "UPDATE claims SET spool = ?, r = ? WHERE epoch = ?",
      spool,
      r,
      this.#current.epoch,
    );
    this.#current = { ...this.#current, spool, r };
  }

  /** What memory holds, as a function that brings it back. */
  mark(): () => void {
    const current = this.#current;
    return () => {
      this.#current = current;
    };
  }
}
