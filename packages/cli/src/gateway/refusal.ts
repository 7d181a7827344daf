/** A call that is answered with another status than 2xx. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: 400 | 401 | 403 | 404 | 413 | 503;
  /** Seconds after which the same call may be taken. */
  readonly retryAfter: number | undefined;

  /** @param why For whoever runs the gateway; the caller reads the status. */
  constructor(status: Refusal["status"], why: string, retryAfter?: number) {
    super(why);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}
