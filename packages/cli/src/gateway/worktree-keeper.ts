import { existsSync } from "node:fs";
import { isObject } from "perdure/protocol";
import { readList, writeList } from "./kept-list.ts";

/** A worktree that was given to a session. Both paths are absolute. */
interface GivenWorktree {
  readonly session: string;
  /** The folder in the repository of which it is a worktree. */
  readonly cwd: string;
  readonly worktree: string;
}

/** What a keeper needs of its gateway. */
export interface WorktreeKeeperOptions {
  /** File of the worktrees that were given. */
  readonly path: string;
  /** Whether a session is terminated or was erased; false where that cannot be told. */
  readonly isOver: (session: string) => Promise<boolean>;
  /** Does work while a session has no runner and gets none; nothing where it has one. */
  readonly whileAway: (session: string, work: () => Promise<void>) => Promise<void>;
  /** Removes a worktree in which nothing would be lost; answers why it stays, if it does. */
  readonly remove: (cwd: string, worktree: string) => Promise<string | undefined>;
  readonly log: (line: string) => void;
}

/**
 * Removes the worktrees of sessions that are over. Only those that this gateway, or one before it on the same folder, has
 * given: whatever else is beside them is somebody else's.
 */
export class WorktreeKeeper {
  readonly #options: WorktreeKeeperOptions;
  readonly #given: Map<string, GivenWorktree>;
  #isStopped = false;

  constructor(options: WorktreeKeeperOptions) {
    this.#options = options;
    this.#given = new Map(
      readList(options.path, "worktrees", isGiven).map((one) => [one.session, one]),
    );
  }

  /** Reviews nothing more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** A session is given a worktree. Written down before that is made, so that none is forgotten; one that is there is not ours. */
  give(session: string, cwd: string, worktree: string): void {
    if (existsSync(worktree)) return;
    this.#given.set(session, { session, cwd, worktree });
    this.#write();
  }

  /** Looks at all of them, one after the other. Never rejects. */
  async reviewAll(): Promise<void> {
    for (const session of this.#given.keys()) await this.review(session);
  }

  /** Removes a session's worktree where that is over and the worktree holds nothing that would be lost. Never rejects. */
  async review(session: string): Promise<void> {
    const { isOver, log, whileAway } = this.#options;
    const given = this.#given.get(session);
    if (given === undefined || this.#isStopped) return;
    try {
      if (await isOver(session)) await whileAway(session, () => this.#remove(given));
    } catch (error) {
      log(
        `${session}: its worktree ${given.worktree} stays: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  async #remove({ session, cwd, worktree }: GivenWorktree): Promise<void> {
    const { log, remove } = this.#options;
    const why = existsSync(worktree) ? await remove(cwd, worktree) : undefined;
    if (why !== undefined) return log(`${session}: its worktree ${worktree} stays: ${why}`);
    this.#given.delete(session);
    this.#write();
    log(`${session}: it is over, and its worktree ${worktree} is removed`);
  }

  #write(): void {
    writeList(this.#options.path, "worktrees", [...this.#given.values()]);
  }
}

function isGiven(value: unknown): value is GivenWorktree {
  return (
    isObject(value) &&
    ["session", "cwd", "worktree"].every((field) => typeof value[field] === "string")
  );
}
