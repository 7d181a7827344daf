import { CommanderError } from "commander";
import { PerdureError } from "perdure/protocol";
import type { ErrorCode } from "perdure/protocol";

/** What the program's exit codes mean. */
export const EXIT = {
  ok: 0,
  /** Something failed; the line on stderr says what. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** The server does not take the token, or the role does not allow it. */
  forbidden: 3,
  /** There is no such session, approval or turn. */
  notFound: 4,
  /** It is in conflict with what is there: decided by another, id reused, session terminated, folder in use. */
  conflict: 5,
  /** The server cannot be reached or has no room: the same command may work later. */
  unavailable: 6,
  /** Another runner has taken over the session. Starting again would take it back, so a supervisor must not. */
  fenced: 7,
} as const;

/** A failure that is told in one line. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

const EXIT_OF_CODE: Partial<Record<ErrorCode, number>> = {
  unauthorized: EXIT.forbidden,
  forbidden: EXIT.forbidden,
  bad_origin: EXIT.forbidden,
  bad_host: EXIT.forbidden,
  not_found: EXIT.notFound,
  session_not_found: EXIT.notFound,
  approval_not_found: EXIT.notFound,
  turn_not_found: EXIT.notFound,
  already_decided: EXIT.conflict,
  approval_closed: EXIT.conflict,
  id_reused: EXIT.conflict,
  command_expired: EXIT.conflict,
  session_exists: EXIT.conflict,
  session_terminated: EXIT.conflict,
  rate_limited: EXIT.unavailable,
  too_many_connections: EXIT.unavailable,
  too_many_turns: EXIT.unavailable,
  unavailable: EXIT.unavailable,
};

/** The exit code of anything thrown. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandFailure) return error.exitCode;
  if (error instanceof PerdureError) return EXIT_OF_CODE[error.code] ?? EXIT.failed;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  return EXIT.failed;
}

/** Anything thrown as one line: a problem with its code in front. */
export function describeFailure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof PerdureError ? `${error.code}: ${message}` : message;
}

/** What belongs to a failure beyond its line: facts of a problem, causes, the stack. */
export function detailsOfFailure(error: unknown): string {
  const extra =
    error instanceof PerdureError && error.extra !== undefined ? JSON.stringify(error.extra) : "";
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const cause =
    error instanceof Error && error.cause !== undefined
      ? `Caused by: ${detailsOfFailure(error.cause)}`
      : "";
  return [extra, stack, cause].filter((part) => part !== "").join("\n");
}
