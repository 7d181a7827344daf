/** One message of workerd or of the Worker in it. */
export interface LogEntry {
  readonly level: string;
  readonly message: string;
}

/** Levels that people see without asking for more. */
const IMPORTANT = new Set(["error", "fatal"]);

/** What stands between a message of workerd's and its addresses of machine code, of use to nobody here. */
const NATIVE_STACK = /\nstack:(?: \S+@[0-9a-f]+)+/g;

/** A signed token, wherever it came from. */
const TOKEN = /\beyJ[\w-]+\.[\w-]+\.[\w-]+/g;

const HIDDEN = "[hidden]";

/** Reads one line that workerd wrote. A line that is no JSON comes from below its logging, as when the process aborts. */
export function parseLogLine(line: string): LogEntry {
  try {
    const value: unknown = JSON.parse(line);
    if (isLogEntry(value)) return { level: value.level, message: value.message };
  } catch {
    // Not JSON: the line is the message.
  }
  return { level: "error", message: line };
}

/** Whether an entry is shown without `--verbose`. */
export function isImportant({ level }: LogEntry): boolean {
  return IMPORTANT.has(level.toLowerCase());
}

/** The entry as text to show, without the secrets and without any token. */
export function formatLogEntry({ level, message }: LogEntry, secrets: readonly string[]): string {
  const readable = message.replaceAll(NATIVE_STACK, "").replaceAll(TOKEN, HIDDEN);
  const harmless = secrets.reduce((text, secret) => text.replaceAll(secret, HIDDEN), readable);
  return `workerd: ${isImportant({ level, message }) ? "" : `${level}: `}${harmless}`;
}

function isLogEntry(value: unknown): value is LogEntry {
  return (
    typeof value === "object" &&
    value !== null &&
    "level" in value &&
    typeof value.level === "string" &&
    "message" in value &&
    typeof value.message === "string"
  );
}
