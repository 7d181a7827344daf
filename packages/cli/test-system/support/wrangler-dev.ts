import { Program } from "./program.ts";

/** A Worker that `npm run dev` of an example serves on a port of its own, until it is stopped. */
export class WranglerDev {
  readonly url: string;
  readonly #program: Program;

  private constructor(program: Program, url: string) {
    this.#program = program;
    this.url = url;
  }

  /**
   * Starts the example of a folder with its storage in another, on a free port unless one is asked for; throws with all that was said
   * where it does not come up.
   */
  static async start(folder: string, storage: string, port = 0): Promise<WranglerDev> {
    const options = ["--port", String(port), "--inspector-port", "0", "--persist-to", storage];
    const program = new Program("npm", ["run", "dev", "--", ...options], folder);
    const [, url = ""] = await program.said(/Ready on (http:\S+)/);
    return new WranglerDev(program, url);
  }

  /** What it has said so far that is a warning or an error. */
  get complaints(): readonly string[] {
    const lines = `${this.#program.stdout}\n${this.#program.stderr}`.split("\n");
    // npm's are about npm.
    return lines.filter((line) => /warn|error/i.test(line) && !line.startsWith("npm "));
  }

  /** Ends Wrangler and all that it started. */
  async stop(): Promise<void> {
    if (this.#program.isRunning) process.kill(-this.#program.pid, "SIGTERM");
    await this.#program.exited;
  }
}
