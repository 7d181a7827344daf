import type { ErrorCode } from "perdure/protocol";
import { isErrorCode, isObject, PerdureError } from "perdure/protocol";
import type { ConnectionOptions, TokenNeed } from "./connection.ts";
import { resolveToken, serverUrl } from "./connection.ts";

/** How long a request may take, in milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;

/** The server's HTTP routes, as one caller. */
export class HttpApi {
  readonly #options: ConnectionOptions;
  readonly #need: TokenNeed;

  /** @param need What a token has to allow, where this program makes it. */
  constructor(options: ConnectionOptions, need: TokenNeed) {
    this.#options = options;
    this.#need = need;
  }

  /** The answer to a GET, as parsed JSON. @throws PerdureError */
  async get(path: string): Promise<unknown> {
    return this.#request(path, { method: "GET" });
  }

  /** The answer to a POST with a JSON body, as parsed JSON. @throws PerdureError */
  async post(path: string, body: unknown): Promise<unknown> {
    return this.#request(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  async #request(path: string, init: RequestInit): Promise<unknown> {
    const base = serverUrl(this.#options.url);
    const token = await resolveToken(this.#options, this.#need);
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    const url = new URL(path, base.href.replace(/\/?$/, "/"));
    const response = await this.#fetch(url, { ...init, headers });
    const text = await response.text();
    const value = jsonOf(text);
    if (response.ok && value !== undefined) return value;
    throw problemIn(value, response.status);
  }

  async #fetch(url: URL, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, {
        ...init,
        redirect: "error",
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
    } catch (error) {
      throw new PerdureError(
        "unavailable",
        `The server at ${url.origin} cannot be reached. Start it with \`perdure serve\`, or name another with --url.`,
        { cause: causeOf(error) },
      );
    }
  }
}

function problemIn(value: unknown, status: number): PerdureError {
  if (isObject(value) && isErrorCode(value["code"]) && typeof value["detail"] === "string") {
    // RFC 9457: whatever is not one of its own members belongs to the code.
    const {
      code: _code,
      detail: _detail,
      type: _type,
      title: _title,
      status: _status,
      ...extra
    } = value;
    return new PerdureError(
      value["code"],
      value["detail"],
      Object.keys(extra).length > 0 ? extra : undefined,
    );
  }
  const code: ErrorCode =
    status === 401 ? "unauthorized" : status >= 500 ? "unavailable" : "internal";
  return new PerdureError(
    code,
    `The server answered with HTTP status ${status} and nothing that this program understands.`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
