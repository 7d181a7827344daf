import { readLines } from "../log/index.ts";
import type { Identity } from "../object/index.ts";
import { MAX_PAGE_BYTES, PerdureError } from "../protocol/index.ts";
import type { CopyLine } from "./copy-lines.ts";
import { parseExportHeader, parseExportLine } from "./parse-export.ts";
import type { CopyProgress, CopyRpc } from "./rpc.ts";
import { valueOf } from "./rpc-value.ts";

/**
 * Makes a session of an export, which arrives as bytes: the same events at the same positions, messages, metadata, tasks and
 * approvals. It is a session only once the last line was checked; of a file that is cut off or altered nothing is ever seen.
 * Holds one page at a time. The role needs `create`, and the subject owns the session.
 *
 * @param target The object that becomes the session.
 * @param id Its id, by which it is named.
 * @throws PerdureError `bad_request` with `extra.line` for a file that cannot be used, `session_exists` where there is a session
 * of this id.
 */
export async function importLines(
  target: CopyRpc,
  identity: Identity,
  id: string,
  bytes: AsyncIterable<Uint8Array>,
): Promise<CopyProgress> {
  let number = 0;
  let page: CopyLine[] = [];
  let length = 0;
  const send = async () => {
    if (page.length > 0) valueOf(await target.takeCopy(identity, page));
    page = [];
    length = 0;
  };
  for await (const value of readLines(bytes)) {
    number += 1;
    if (number === 1) {
      const header = parseExportHeader(value);
      valueOf(await target.beginCopy(identity, { kind: "imported", header, id }));
      continue;
    }
    const line = parseExportLine(value, number);
    page.push(line);
    length += JSON.stringify(line).length;
    if (length >= MAX_PAGE_BYTES) await send();
  }
  if (number === 0) throw new PerdureError("bad_request", "The file is empty.");
  await send();
  return valueOf(await target.finishCopy(identity));
}
