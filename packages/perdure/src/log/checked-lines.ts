/**
 * JSON Lines with an end: each line is a JSON value, and the last one counts the lines before it and has the SHA-256 of their
 * text. What was cut off or altered on its way is noticed. Both sides hold one line at a time.
 */

import { RunningDigest } from "../object/index.ts";
import { isObject, PerdureError } from "../protocol/index.ts";

/** The last line. */
interface Footer {
  /** Lines before this one. */
  readonly lines: number;
  /** SHA-256 of their UTF-8, line feeds included, in hex. */
  readonly sha256: string;
}

/** Longest line that is read, in UTF-16 units: what one call between objects can carry, and then some room for its memory. */
const MAX_LINE_LENGTH = 16 * 1024 * 1024;

/** Writes the lines of some values. */
export class LineWriter {
  readonly #digest = new RunningDigest();
  #lines = 0;

  /** The line of a value, with its line feed. */
  line(value: unknown): string {
    const text = `${JSON.stringify(value)}\n`;
    this.#digest.add(text);
    this.#lines += 1;
    return text;
  }

  /** The last line. Nothing follows it. */
  end(): string {
    const footer: Footer = { lines: this.#lines, sha256: this.#digest.hex() };
    return `${JSON.stringify({ end: footer })}\n`;
  }
}

/**
 * The values of lines as they arrive, but for the last, which is checked. Throws `bad_request` where it is missing or does not
 * fit, so nothing is to be kept of what came before unless this ends by itself.
 */
export async function* readLines(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<unknown, void, undefined> {
  const digest = new RunningDigest();
  let lines = 0;
  let footer: Footer | undefined;
  for await (const text of splitLines(bytes)) {
    if (footer !== undefined) throw refused("there is more after its last line", lines);
    const value = parse(text, lines + 1);
    footer = footerOf(value);
    if (footer !== undefined) continue;
    digest.add(text);
    lines += 1;
    yield value;
  }
  if (footer === undefined) throw refused("it is cut off: its last line is missing", lines);
  if (footer.lines !== lines) throw refused(`it has ${lines} lines of ${footer.lines}`, lines);
  if (footer.sha256 !== digest.hex()) throw refused("it was altered: its checksum differs", lines);
}

/** Lines with their line feeds; the last may have none. */
async function* splitLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest = "";
  for await (const chunk of bytes) {
    rest += decode(() => decoder.decode(chunk, { stream: true }));
    let start = 0;
    for (let end = rest.indexOf("\n"); end !== -1; end = rest.indexOf("\n", start)) {
      yield rest.slice(start, end + 1);
      start = end + 1;
    }
    rest = rest.slice(start);
    if (rest.length > MAX_LINE_LENGTH)
      throw new PerdureError("too_large", `A line has at most ${MAX_LINE_LENGTH} characters.`);
  }
  rest += decode(() => decoder.decode());
  if (rest !== "") yield rest;
}

function decode(read: () => string): string {
  try {
    return read();
  } catch {
    throw refused("it is not UTF-8");
  }
}

function parse(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refused(`line ${line} is cut off or altered: it is not JSON`, line);
  }
}

function footerOf(value: unknown): Footer | undefined {
  const end = isObject(value) ? value["end"] : undefined;
  if (!isObject(end)) return undefined;
  const { lines, sha256 } = end;
  return typeof lines === "number" && typeof sha256 === "string" ? { lines, sha256 } : undefined;
}

const refused = (why: string, line?: number) =>
  new PerdureError(
    "bad_request",
    `The file cannot be used: ${why}. Export it again.`,
    line === undefined ? undefined : { line },
  );
