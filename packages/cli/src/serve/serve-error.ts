/** What went wrong, for programs. */
export type ServeErrorCode =
  /** Another `perdure serve` runs on the same folder. */
  | "already_running"
  /** Another program listens on the port. */
  | "port_in_use"
  /** The address cannot be listened on for another reason: no such host, no permission. */
  | "cannot_listen"
  /** A file that `npm run build` makes, or workerd itself, is missing. */
  | "not_installed"
  /** workerd ended, or did not answer, before it was ready. */
  | "not_ready"
  /** The file with the secret does not hold one. */
  | "bad_secret";

/** Why `perdure serve` cannot run, as one line that says what to do. */
export class ServeError extends Error {
  override readonly name = "ServeError";
  readonly code: ServeErrorCode;

  constructor(code: ServeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
