import { LineWriter } from "../log/index.ts";
import type { Identity } from "../object/index.ts";
import type { CopyCursor, CopyHeader, CopyPage } from "./copy-lines.ts";
import { firstCursor } from "./copy-lines.ts";
import type { CopyRpc } from "./rpc.ts";
import { valueOf } from "./rpc-value.ts";

/** Version of the files. */
export const EXPORT_VERSION = 1;

/** The first line of an export. */
export interface ExportHeader extends CopyHeader {
  readonly perdure: "session";
  /** Version of the file: 1. */
  readonly v: number;
  /** Milliseconds since 1970. */
  readonly exportedAt: number;
}

/**
 * A session as JSON Lines, each with its line feed: a header, then all that is in it, then the number of lines and their
 * SHA-256. Holds one page at a time. The role needs `export`.
 *
 * @param at The last position that is exported. Default: the head.
 * @throws PerdureError before the first line where the session cannot be exported: `session_not_found`, `forbidden`, or
 * `bad_request` for a position that the log does not have.
 */
export async function* exportLines(
  source: CopyRpc,
  identity: Identity,
  at?: number,
): AsyncGenerator<string, void> {
  const header = valueOf(await source.copyHeader(identity, at));
  const writer = new LineWriter();
  const first: ExportHeader = {
    perdure: "session",
    v: EXPORT_VERSION,
    exportedAt: Date.now(),
    ...header,
  };
  yield writer.line(first);
  for (let cursor: CopyCursor | null = firstCursor(header); cursor !== null;) {
    const page: CopyPage = valueOf(await source.copyPage(identity, header, cursor));
    yield page.lines.map((line) => writer.line(line)).join("");
    cursor = page.next;
  }
  yield writer.end();
}
