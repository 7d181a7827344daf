import { readFileSync } from "node:fs";
import { isObject } from "perdure/protocol";
import { replacePrivateFile } from "../serve/private-file.ts";

/** What a file keeps under a name. One that is missing, or makes no sense, is as good as empty. */
export function readList<T>(
  path: string,
  name: string,
  isEntry: (value: unknown) => value is T,
): readonly T[] {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    const list = isObject(value) ? value[name] : undefined;
    return Array.isArray(list) ? list.filter(isEntry) : [];
  } catch {
    return [];
  }
}

/** Has the file keep this list alone, under a name. @throws Error where it cannot be written. */
export function writeList(path: string, name: string, list: readonly unknown[]): void {
  replacePrivateFile(path, `${JSON.stringify({ [name]: list })}\n`);
}
