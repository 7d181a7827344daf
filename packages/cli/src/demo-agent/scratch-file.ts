import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

/** What a file holds on first use. */
const FIRST_CONTENT = "# Notes\n\nThe demo agent keeps its notes here.\n";

/** Larger files are refused rather than shown whole in a tool call. */
const MAXIMUM_BYTES = 256 * 1024;

/**
 * A symbolic link could lead out of the session's folder, so none is followed; and a pipe must not block the agent.
 * Windows has neither flag and gets 0 for both.
 */
const SAFE_FLAGS = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** The file cannot be read or edited; the message says why, in words for the person who asked. */
export class ScratchFileError extends Error {
  override readonly name = "ScratchFileError";
}

/**
 * Reads a text file of the session's folder, and makes it with a first line when it is not there.
 *
 * @param fileName A plain name, never a path.
 * @throws ScratchFileError when it is a link, not a regular file, larger than 256 KB, or cannot be opened.
 */
export async function readOrCreate(folder: string, fileName: string): Promise<string> {
  const path = join(folder, fileName);
  try {
    const created = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
    try {
      await created.writeFile(FIRST_CONTENT);
    } finally {
      await created.close();
    }
    return FIRST_CONTENT;
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw notOpened(fileName, error);
  }
  return withFile(path, fileName, constants.O_RDONLY, (file) => readSmallFile(file, fileName));
}

/**
 * Adds text at the end of a file, if the file still holds what it held when the edit was proposed.
 *
 * @throws ScratchFileError as `readOrCreate`, or when the content has changed meanwhile.
 */
export async function appendIfUnchanged(
  folder: string,
  fileName: string,
  expected: string,
  addition: string,
): Promise<void> {
  const flags = constants.O_RDWR | constants.O_APPEND;
  await withFile(join(folder, fileName), fileName, flags, async (file) => {
    if ((await readSmallFile(file, fileName)) !== expected) {
      throw new ScratchFileError(`${fileName} has changed since the edit was proposed. Ask again.`);
    }
    await file.appendFile(addition);
  });
}

async function withFile<Result>(
  path: string,
  fileName: string,
  flags: number,
  use: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  const file = await open(path, flags | SAFE_FLAGS).catch((error: unknown) => {
    throw notOpened(fileName, error);
  });
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function readSmallFile(file: FileHandle, fileName: string): Promise<string> {
  const status = await file.stat();
  if (!status.isFile()) throw new ScratchFileError(`${fileName} is not a regular file.`);
  if (status.size > MAXIMUM_BYTES) {
    throw new ScratchFileError(`${fileName} is larger than the 256 KB that the demo agent reads.`);
  }
  return file.readFile("utf8");
}

function notOpened(fileName: string, error: unknown): ScratchFileError {
  const reason = hasCode(error, "ELOOP") ? "it is a symbolic link" : errorCode(error);
  return new ScratchFileError(`${fileName} could not be opened (${reason}).`, { cause: error });
}

function hasCode(error: unknown, code: string): boolean {
  return errorCode(error) === code;
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
