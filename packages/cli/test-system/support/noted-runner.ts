import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AgentNotes } from "./agent-notes.ts";
import type { Program } from "./program.ts";
import type { Scene } from "./scene.ts";

/** A runner whose agent notes what reaches it. */
export interface NotedRunner {
  readonly program: Program;
  /** The runner's own folder: spool, state, lock. */
  readonly stateDir: string;
  /** Shared by all runners of a session. */
  readonly notes: AgentNotes;
  /** Resolves when its `runner.started` is on its way. */
  ready(): Promise<void>;
}

/**
 * Starts `perdure run` in a session, which it creates.
 *
 * @param options.url Where it dials; a proxy, perhaps.
 * @param options.name Names the runner's folder. A runner of the same name goes on from it.
 */
export function startNotedRunner(
  scene: Scene,
  options: { readonly url: string; readonly session: string; readonly name?: string },
): NotedRunner {
  const { url, session, name = "runner" } = options;
  const files = join(scene.folder, `files-${session}`);
  mkdirSync(files, { recursive: true });
  const stateDir = join(scene.folder, `${name}-${session}`);
  const notes = new AgentNotes(scene.folder, session);
  const place = ["--session", session, "--create", "--state-dir", stateDir, "--cwd", files];
  const server = ["--url", url, "--dir", scene.dir];
  const program = scene.run("run", ...server, ...place, "--", ...notes.command);
  return {
    program,
    stateDir,
    notes,
    ready: async () => {
      await program.said(/ is ready \(/);
    },
  };
}
