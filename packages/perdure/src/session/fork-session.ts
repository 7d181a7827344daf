import type { Identity } from "../object/index.ts";
import { firstCursor } from "./copy-lines.ts";
import type { CopyCursor, CopyPage } from "./copy-lines.ts";
import type { CopyProgress, CopyRpc } from "./rpc.ts";
import { valueOf } from "./rpc-value.ts";

/** What a fork is to be. */
export interface ForkOptions {
  /** Id of the new session, by which `target` is named. */
  readonly id: string;
  /** The last position that is copied. Default: the head. */
  readonly at?: number | undefined;
  /** Title of the new session. Default: that of the other one. */
  readonly title?: string | undefined;
}

/** A fork, and whether this call has made it. */
export interface Fork extends CopyProgress {
  /** False where the same fork was there already. */
  readonly created: boolean;
}

/**
 * Makes a new session of another one, up to a position of its log: the same events at the same positions, messages, metadata
 * and tasks. What was open there is closed: a running turn is shown as interrupted. Called again with the same arguments it
 * goes on where it was cut off, and once all is there it has no effect. Holds one page at a time.
 *
 * @param source The session that is copied; the role needs `export`.
 * @param target The object that becomes the copy; the role needs `create`, and the subject owns it.
 * @throws PerdureError `bad_request` for a position that the log does not have, `session_exists` for another session of this id.
 */
export async function forkSession(
  source: CopyRpc,
  target: CopyRpc,
  identity: Identity,
  { id, at, title }: ForkOptions,
): Promise<Fork> {
  const asked = valueOf(await source.copyHeader(identity, at));
  const begun = valueOf(
    await target.beginCopy(identity, { kind: "forked", header: asked, id, at, title }),
  );
  if (begun.isWhole) return { ...begun, created: false };
  const { header, received } = begun;
  let cursor: CopyCursor | null =
    received > header.floor ? { kind: "event", after: received } : firstCursor(header);
  while (cursor !== null && (cursor.kind !== "event" || cursor.after < header.position)) {
    const page: CopyPage = valueOf(await source.copyPage(identity, header, cursor));
    valueOf(await target.takeCopy(identity, page.lines));
    cursor = page.next;
  }
  return { ...valueOf(await target.finishCopy(identity)), created: true };
}
