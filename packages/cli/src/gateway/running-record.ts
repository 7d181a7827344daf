import { readFileSync } from "node:fs";
import { isObject } from "perdure/protocol";
import { replacePrivateFile } from "../serve/private-file.ts";

/** Writes down which sessions have a runner, for the next gateway on this folder. */
export function writeRunning(path: string, sessions: readonly string[]): void {
  replacePrivateFile(path, `${JSON.stringify({ sessions })}\n`);
}

/** The sessions that had a runner when this was last written; none where the file is missing or makes no sense. */
export function readRunning(path: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    const sessions = isObject(value) ? value["sessions"] : undefined;
    if (!Array.isArray(sessions)) return [];
    return sessions.filter((one): one is string => /^[A-Za-z0-9_-]{1,64}$/.test(String(one)));
  } catch {
    return [];
  }
}
