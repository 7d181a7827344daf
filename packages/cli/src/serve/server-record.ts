import { readFileSync } from "node:fs";

/** The text of `server.json`: who serves a folder now. It holds no secret. */
export interface ServerRecord {
  /** Process id of `perdure serve`. */
  readonly pid: number;
  /** Tells that process from a later one with the same id. */
  readonly identity: string;
  /** Process id of workerd; null while none runs. */
  readonly workerdPid: number | null;
  /** Null before a port is chosen. */
  readonly port: number | null;
  /** Base URL, without a slash at its end; null before a port is chosen. */
  readonly url: string | null;
  /** When `perdure serve` was started, in ISO 8601. */
  readonly startedAt: string;
}

/** Reads a record; undefined where the file is missing or holds something else. */
export function readServerRecord(path: string): ServerRecord | undefined {
  try {
    return parseServerRecord(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}

function parseServerRecord(value: unknown): ServerRecord | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { pid, identity, workerdPid, port, url, startedAt } = value as Partial<
    Record<keyof ServerRecord, unknown>
  >;
  return isProcessId(pid) &&
    typeof identity === "string" &&
    (workerdPid === null || isProcessId(workerdPid)) &&
    (port === null || typeof port === "number") &&
    (url === null || typeof url === "string") &&
    typeof startedAt === "string"
    ? { pid, identity, workerdPid, port, url, startedAt }
    : undefined;
}

/** Ids from 0 down name groups of processes: never to be signalled because a file says so. */
function isProcessId(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}
