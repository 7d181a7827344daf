import { randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";

/** Only the owner may read and write. */
const PRIVATE = 0o600;

/**
 * Creates a file that only its owner can read, whole or not at all. Returns false, and changes nothing, where a file of
 * that name exists.
 */
export function createPrivateFile(path: string, text: string): boolean {
  const draft = writeDraft(path, text);
  try {
    // Unlike opening with O_EXCL and then writing, a link never shows others a file that is still empty.
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (isErrorCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

/** Writes a file that only its owner can read; whoever reads it sees the old text or the new one, never a part. */
export function replacePrivateFile(path: string, text: string): void {
  const draft = writeDraft(path, text);
  try {
    renameSync(draft, path);
  } catch (error) {
    unlinkSync(draft);
    throw error;
  }
}

/** Whether an error of the operating system has that code, such as `ENOENT`. */
export function isErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function writeDraft(path: string, text: string): string {
  const draft = `${path}.${randomUUID()}`;
  const file = openSync(draft, "wx", PRIVATE);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return draft;
}
