import { readdirSync } from "node:fs";

/** How many files and sockets a process has open; undefined where the system does not tell. */
export function openFilesOf(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}
