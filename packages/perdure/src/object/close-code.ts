import type { CloseCode } from "../protocol/index.ts";
import { CLOSE } from "../protocol/index.ts";

/** The close code that follows an error frame with this error code. */
export function closeCodeOf(code: string): CloseCode {
  switch (code) {
    case "unauthorized":
      return CLOSE.unauthorized;
    case "forbidden":
      return CLOSE.forbidden;
    case "session_not_found":
      return CLOSE.notFound;
    case "session_terminated":
      return CLOSE.terminated;
    case "too_large":
      return CLOSE.tooLarge;
    case "rate_limited":
      return CLOSE.rateLimited;
    case "bad_frame":
    case "bad_request":
    case "unsupported_version":
      return CLOSE.badFrame;
    default:
      return CLOSE.broken;
  }
}
