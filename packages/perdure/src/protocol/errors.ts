/** Error codes and close codes of the wire: stable, documented in docs/PROTOCOL.md. */

/** Each code with the HTTP status that carries it. */
export const ERROR_STATUS = {
  bad_request: 400,
  bad_frame: 400,
  unsupported_version: 400,
  unauthorized: 401,
  forbidden: 403,
  bad_origin: 403,
  bad_host: 403,
  not_found: 404,
  session_not_found: 404,
  approval_not_found: 404,
  turn_not_found: 404,
  task_not_found: 404,
  method_not_allowed: 405,
  already_decided: 409,
  approval_closed: 409,
  task_ended: 409,
  id_reused: 409,
  command_expired: 409,
  session_exists: 409,
  fenced: 409,
  room_full: 409,
  session_terminated: 410,
  invitation_closed: 410,
  too_large: 413,
  upgrade_required: 426,
  rate_limited: 429,
  too_many_turns: 429,
  too_many_queries: 429,
  too_many_connections: 503,
  unavailable: 503,
  broken: 500,
  bad_statement: 500,
  internal: 500,
} as const;

/** A stable code of an error. New codes may be added; none changes its meaning. */
export type ErrorCode = keyof typeof ERROR_STATUS;

/** What every error looks like on the wire, and in `application/problem+json` (RFC 9457). */
export interface Problem {
  /** What a program decides by; `ERROR_STATUS` has its HTTP status. */
  readonly code: ErrorCode;
  /** One sentence: what happened, and what to do. Never holds a secret. */
  readonly detail: string;
  /** Facts that belong to the code, such as the winner of a decision. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Close codes (RFC 6455 leaves 4000 to 4999 to applications). */
export const CLOSE = {
  /** The server goes away: reconnect. */
  goingAway: 1001,
  /** A newer connection of the same runner process took this one's place. */
  replaced: 4000,
  /** A frame could not be understood: do not resend it. */
  badFrame: 4400,
  /** The token has expired or was revoked: get a new one. */
  unauthorized: 4401,
  /** The role does not allow this connection. */
  forbidden: 4403,
  /** There is no such session. */
  notFound: 4404,
  /** Another runner holds the claim. Final: the process exits. */
  fenced: 4409,
  /** The session is terminated. Final. */
  terminated: 4410,
  /** A frame was larger than the limit. */
  tooLarge: 4413,
  /** Too many frames: wait, then reconnect. */
  rateLimited: 4429,
  /** The reader did not acknowledge what it was sent: reconnect and resume. */
  slowReader: 4430,
  /** The object cannot serve: reconnect later. */
  broken: 4500,
  /** Too many connections: reconnect later. */
  tooManyConnections: 4503,
} as const;

/** One of the documented close codes. */
export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE];

/** What a close says that is final: after one of these a client or runner must not reconnect by itself. */
export const FINAL_CLOSES: Readonly<Record<number, ErrorCode>> = {
  4400: "bad_frame",
  4401: "unauthorized",
  4403: "forbidden",
  4404: "session_not_found",
  4409: "fenced",
  4410: "session_terminated",
  4413: "too_large",
};

/** The codes of final closes. */
export const FINAL_CLOSE_CODES: readonly number[] =
  /* @__PURE__ */ Object.keys(FINAL_CLOSES).map(Number);

/** An error with a stable code, whose HTTP status is `ERROR_STATUS[code]`. Everything that Perdure throws to a caller is one. */
export class PerdureError extends Error {
  override readonly name: string = "PerdureError";
  /** What a program decides by. `message` is for people: what happened, and what to do. */
  readonly code: ErrorCode;
  /** Facts that belong to the code, such as `issues` or the winner of a decision; never secrets. */
  readonly extra: Readonly<Record<string, unknown>> | undefined;

  /**
   * @param code Stable code.
   * @param detail One sentence: what happened, and what to do.
   * @param extra Facts for a program; never secrets.
   */
  constructor(code: ErrorCode, detail: string, extra?: Readonly<Record<string, unknown>>) {
    super(detail);
    this.code = code;
    this.extra = extra;
  }

  /** The error as it travels. */
  toProblem(): Problem {
    const problem = { code: this.code, detail: this.message };
    return this.extra === undefined ? problem : { ...problem, extra: this.extra };
  }
}

/** Turns anything thrown into a problem; what is not ours becomes `internal` without its message. */
export function problemOf(error: unknown): Problem {
  if (error instanceof PerdureError) return error.toProblem();
  return { code: "internal", detail: "The server failed to handle this; it may be tried again." };
}

/** The error of a problem that arrived on the wire. */
export function errorOf(problem: Problem): PerdureError {
  return new PerdureError(problem.code, problem.detail, problem.extra);
}

/** Whether a string is one of our codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERROR_STATUS, value);
}
