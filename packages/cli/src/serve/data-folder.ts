import { mkdirSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { createPrivateFile } from "./private-file.ts";

/** Only the owner may enter. */
const PRIVATE_FOLDER = 0o700;

/** Where everything of one server lives. All paths are absolute and without symbolic links. */
export interface DataFolder {
  readonly path: string;
  /** SQLite databases, one per object. */
  readonly storage: string;
  /** What workerd runs: written anew at each start. */
  readonly runtime: string;
  /** The secret that signs tokens. */
  readonly secretFile: string;
  /** Which process serves the folder now. */
  readonly serverFile: string;
}

/** Opens the folder, and makes what is missing in it. A folder that existed before keeps its own mode. */
export function openDataFolder(directory: string): DataFolder {
  const wasCreated = mkdirSync(resolve(directory), { recursive: true, mode: PRIVATE_FOLDER });
  const path = realpathSync(directory);
  // It often lies in a project's checkout, where nobody wants the secret to be committed.
  if (wasCreated !== undefined) createPrivateFile(join(path, ".gitignore"), "*\n");
  const storage = join(path, "data");
  const runtime = join(path, "workerd");
  mkdirSync(storage, { recursive: true, mode: PRIVATE_FOLDER });
  mkdirSync(runtime, { recursive: true, mode: PRIVATE_FOLDER });
  return {
    path,
    storage,
    runtime,
    secretFile: join(path, "secret"),
    serverFile: join(path, "server.json"),
  };
}
