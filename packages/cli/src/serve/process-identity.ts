import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Tells a process from every other that had or will have its id, also across a restart of the machine: an opaque text, or
 * undefined where no such process runs.
 */
export function identityOf(pid: number): string | undefined {
  if (process.platform !== "linux") return ps(pid, "lstart");
  const stat = readIfPresent(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name of the program, in parentheses, may contain anything: count from behind it (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  if (state === "Z" || state === "X") return undefined;
  const startTime = fields[19];
  const boot = readIfPresent("/proc/sys/kernel/random/boot_id")?.trim();
  return `${boot} ${startTime}`;
}

/** The command line of a running process, its words separated by spaces, or undefined where no such process runs. */
export function commandLineOf(pid: number): string | undefined {
  if (process.platform !== "linux") return ps(pid, "command");
  const words = readIfPresent(`/proc/${pid}/cmdline`);
  // A process that ended and whose parent did not ask for its status has no words left.
  return words === undefined || words === "" ? undefined : words.split("\0").join(" ").trim();
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function ps(pid: number, column: string): string | undefined {
  const columns = ["-ww", "-o", "state=", "-o", `${column}=`, "-p", String(pid)];
  try {
    const answer = execFileSync("ps", columns, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [state = "", ...rest] = answer.trim().split(/\s+/);
    return state === "" || state.startsWith("Z") ? undefined : rest.join(" ");
  } catch {
    // ps exits with 1 where it finds no such process.
    return undefined;
  }
}
