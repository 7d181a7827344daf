import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Program, ROOT } from "../../../../cli/test-system/support/program.ts";

/** The lines of the configuration, each as it may differ. */
export interface DocumentedConfiguration {
  readonly flags?: readonly string[];
  /** Null: none. */
  readonly binding?: string | null;
  readonly migration?: "new_classes" | "new_sqlite_classes";
}

/** The script of the guide, in words of its own; `binding` is what the manager is told. */
export const scriptOf = (binding?: string) => `
import { McpServer } from "tmcp";
import { HttpTransport } from "@tmcp/transport-http";
import { ZodJsonSchemaAdapter } from "@tmcp/adapter-zod";
import { DurableObjectSessionManager, SyncLayer } from "perdure/mcp";

const server = new McpServer(
  { name: "guide", version: "1.0.0" },
  {
    adapter: new ZodJsonSchemaAdapter(),
    capabilities: { logging: {}, tools: { listChanged: true } },
  },
);
server.tool({ name: "greet", description: "Says hello" }, async () => ({
  content: [{ type: "text", text: "Hello!" }],
}));
server.tool({ name: "announce", description: "Says that the tools changed" }, async () => {
  server.changed("tools");
  return { content: [{ type: "text", text: "Announced." }] };
});

const sessionManager = new DurableObjectSessionManager(${binding === undefined ? "" : `"${binding}"`});
const transport = new HttpTransport(server, { sessionManager });

export { SyncLayer };

export default {
  async fetch(request, env, ctx) {
    return await transport.respond(request);
  },
};
`;

/** The same server with the wrapper that a Worker needs. */
export const WRAPPED_SCRIPT = scriptOf()
  .replace("DurableObjectSessionManager", "durableMcp")
  .replace(
    /const sessionManager[^]*/,
    "export { SyncLayer };\nexport default durableMcp({ server });\n",
  );

/** The smallest script that has tmcp. */
export const SCRIPT_OF_TMCP = `
import { McpServer } from "tmcp";

export default { fetch: () => new Response(typeof McpServer) };
`;

/** The configuration of the guide. */
export function tomlOf({
  flags = ["nodejs_als"],
  binding = "TMCP_DURABLE_OBJECT",
  migration = "new_sqlite_classes",
}: DocumentedConfiguration): string {
  const bound = `
[[durable_objects.bindings]]
name = "${binding}"
class_name = "SyncLayer"

[[migrations]]
tag = "v1"
${migration} = ["SyncLayer"]
`;
  return `name = "my-tmcp-server"
main = "src/index.js"
compatibility_date = "2024-12-01"
${flags.length > 0 ? `compatibility_flags = ${JSON.stringify(flags)}\n` : ""}${binding === null ? "" : bound}`;
}

/** A folder with a script and a configuration, which `wrangler dev` serves as it stands. */
export class DocumentWorker {
  readonly #folder: string;
  readonly #program: Program;

  private constructor(folder: string) {
    this.#folder = folder;
    const ports = ["--port", "0", "--inspector-port", "0"];
    this.#program = new Program(
      join(ROOT, "node_modules/.bin/wrangler"),
      ["dev", ...ports],
      folder,
    );
  }

  /** Writes the files where packages are found, and starts Wrangler. */
  static async start(script: string, toml: string): Promise<DocumentWorker> {
    const parent = join(ROOT, ".wrangler");
    await mkdir(parent, { recursive: true });
    const folder = await mkdtemp(join(parent, "mcp-document-"));
    await mkdir(join(folder, "src"));
    await writeFile(join(folder, "src/index.js"), script);
    await writeFile(join(folder, "wrangler.toml"), toml);
    return new DocumentWorker(folder);
  }

  /** Base URL, once it is there; throws with all that Wrangler said where it does not come up. */
  async url(): Promise<string> {
    const [, url = ""] = await this.#program.said(/Ready on (http:\S+)/);
    return url;
  }

  /** All that Wrangler has said so far. */
  get output(): string {
    return this.#program.stdout + this.#program.stderr;
  }

  async stop(): Promise<void> {
    await this.#program.end("SIGTERM");
    await rm(this.#folder, { recursive: true, force: true });
  }
}
