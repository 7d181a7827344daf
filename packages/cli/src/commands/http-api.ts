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

  /** The answer to a GET as it comes, however long that takes. @throws PerdureError */
  async download(path: string): Promise<ReadableStream<Uint8Array>> {
    const waiting = new AbortController();
    const timer = setTimeout(() => waiting.abort(), REQUEST_TIMEOUT_MS);
    try {
      const response = await this.#send(path, { method: "GET", signal: waiting.signal });
      if (response.ok && response.body !== null) return response.body;
      throw problemIn(jsonOf(await response.text()), response.status);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The answer to a POST with JSON Lines, however long they take. @throws PerdureError */
  async upload(path: string, lines: ReadableStream<Uint8Array>): Promise<unknown> {
    const init: RequestInit & { readonly duplex: "half" } = {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: lines,
      // The standard wants it said that a body which is a stream is sent before the answer is read.
      duplex: "half",
    };
    return valueIn(await this.#send(path, init));
  }

  async #request(path: string, init: RequestInit): Promise<unknown> {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    return valueIn(await this.#send(path, { ...init, signal }));
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const base = serverUrl(this.#options.url);
    const token = await resolveToken(this.#options, this.#need);
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    const url = new URL(path, base.href.replace(/\/?$/, "/"));
    return this.#fetch(url, { ...init, headers });
  }

  async #fetch(url: URL, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, { ...init, redirect: "error" });
    } catch (error) {
      throw new PerdureError(
        "unavailable",
        `The server at ${url.origin} cannot be reached. Start it with \`perdure serve\`, or name another with --url.`,
        { cause: causeOf(error) },
      );
    }
  }
}

async function valueIn(response: Response): Promise<unknown> {
  const value = jsonOf(await response.text());
  if (response.ok && value !== undefined) return value;
  throw problemIn(value, response.status);
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
