import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ServeError } from "./serve-error.ts";

/** What workerd is given to run. All paths are absolute. */
export interface BuiltFiles {
  /** The Worker: one module that imports only what the platform has. */
  readonly worker: string;
  /** Folder of the console's files. */
  readonly console: string;
  /** The executable. */
  readonly workerd: string;
}

/** Finds the Worker and the console that the build put into this package, and the workerd package's executable. */
export function findBuiltFiles(given: Partial<BuiltFiles> = {}): BuiltFiles {
  const built = join(packageFolder(), "dist");
  const files: BuiltFiles = {
    worker: join(built, "worker.js"),
    console: join(built, "console"),
    workerd: given.workerd ?? workerdExecutable(),
    ...given,
  };
  const missing = Object.values(files).find((path) => !existsSync(path));
  if (missing !== undefined)
    throw new ServeError(
      "not_installed",
      `${missing} does not exist: install the package again, or in a checkout run \`npm run build\`.`,
    );
  return files;
}

/** The root of this package, whether its source runs or its build. */
function packageFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json")) && folder !== dirname(folder))
    folder = dirname(folder);
  return folder;
}

function workerdExecutable(): string {
  const require = createRequire(import.meta.url);
  try {
    // The package's entry knows which executable is for this machine, and says so where it is missing.
    const workerd: unknown = require("workerd");
    if (hasDefaultPath(workerd)) return workerd.default;
  } catch (error) {
    throw new ServeError(
      "not_installed",
      `workerd cannot be found: install the package again on this machine, with its optional dependencies. ${firstLineOf(error)}`,
      { cause: error },
    );
  }
  throw new ServeError("not_installed", "The workerd package does not name its executable.");
}

function hasDefaultPath(value: unknown): value is { readonly default: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    "default" in value &&
    typeof value.default === "string"
  );
}

function firstLineOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split("\n", 1)[0] ?? "";
}
