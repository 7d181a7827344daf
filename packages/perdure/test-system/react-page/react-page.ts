import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Locator, Page, WebSocket } from "playwright-core";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { build } from "vite";
import type { RunningServer } from "../../../cli/test-system/support/scene.ts";
import { until } from "../../../cli/test-system/support/until.ts";
import { View } from "./views.tsx";

/** What a page's address says. */
export interface PageOptions {
  readonly view?: "Chat" | "Counts" | "Many" | "Waiting" | "Eager" | "Hideable" | "Listed";
  readonly name: string;
  readonly token?: string;
  readonly create?: "false";
  readonly strict?: "yes";
  readonly hydrate?: "yes";
}

const MAIN = fileURLToPath(new URL("main.tsx", import.meta.url));

/** A page's script, with React's development build: it warns, and StrictMode mounts twice. */
export async function buildPage(entry = MAIN): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: "silent",
    define: { "process.env.NODE_ENV": '"development"' },
    build: {
      write: false,
      minify: false,
      target: "es2023",
      rolldownOptions: { input: entry },
    },
  });
  const output = Array.isArray(result) ? result : [result];
  return output
    .flatMap((one) => ("output" in one ? one.output : []))
    .map((chunk) => (chunk.type === "chunk" ? chunk.code : ""))
    .join("");
}

/** One tab with a page that uses the hooks. It is of the server's own origin, and logged in by its cookie. */
export class ReactPage {
  readonly page: Page;
  /** Errors and warnings of scripts, React's among them. */
  readonly errors: string[] = [];
  /** Every socket that the page has opened. */
  readonly sockets: WebSocket[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      if (["error", "warning", "assert"].includes(message.type())) this.errors.push(message.text());
    });
    page.on("websocket", (socket) => this.sockets.push(socket));
  }

  static async open(
    person: BrowserContext,
    server: RunningServer,
    options: PageOptions,
    prepare?: (page: Page) => Promise<void>,
  ): Promise<ReactPage> {
    const tab = new ReactPage(await person.newPage());
    await prepare?.(tab.page);
    await tab.page.goto(addressOf(server, options).href);
    return tab;
  }

  get messages(): Locator {
    return this.page.locator("li");
  }

  get alert(): Locator {
    return this.page.getByRole("alert");
  }

  button(name: string): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  async send(text: string): Promise<void> {
    await this.page.getByRole("textbox", { name: "Message" }).fill(text);
    await this.button("Send").click();
  }

  async untilLive(): Promise<void> {
    await this.page.locator('[data-link="live"]').waitFor({ state: "attached" });
  }

  /** Waits until the session shows a status. */
  async untilStatus(status: string): Promise<void> {
    await this.page.locator(`[data-status="${status}"]`).waitFor({ state: "attached" });
  }

  /** The text of the last message. */
  async lastText(): Promise<string> {
    return (await this.messages.allTextContents()).at(-1) ?? "";
  }

  /** Waits for so many characters of the last message; returns each text that was seen meanwhile. */
  async watchText(characters: number): Promise<readonly string[]> {
    const seen: string[] = [];
    await until(`${characters} characters are shown`, async () => {
      const reply = this.page.locator('li[data-role="assistant"]');
      const text = (await reply.allTextContents()).at(-1) ?? "";
      if (text !== seen.at(-1)) seen.push(text);
      return text.length >= characters;
    });
    return seen;
  }

  /** How often each counted component was rendered. */
  renders(): Promise<Readonly<Record<string, number>>> {
    return this.page.evaluate(() => globalThis.renders);
  }
}

/** A browser of one person that is logged in, and finds the page at the server's address. */
export async function newPerson(
  browser: Browser,
  server: RunningServer,
  script: string,
): Promise<BrowserContext> {
  const person = await browser.newContext();
  person.setDefaultTimeout(10_000);
  await person.request.get(server.loginUrl);
  // A page that does not come from the network may not open sockets to this machine unasked.
  await person.grantPermissions(["local-network-access"], { origin: server.url });
  await serve(person, server, script);
  return person;
}

/** Has the page be found at the server's address. */
export async function serve(
  where: Pick<BrowserContext, "route">,
  server: RunningServer,
  script: string,
): Promise<void> {
  await where.route(`${server.url}/page*`, (route) =>
    route.fulfill({ contentType: "text/html", body: htmlOf(route.request().url(), script) }),
  );
}

function addressOf(server: RunningServer, options: PageOptions): URL {
  const address = new URL("/page", server.url);
  for (const [name, value] of Object.entries(options)) address.searchParams.set(name, value);
  return address;
}

/** With `hydrate` the page comes as a server draws it. */
function htmlOf(url: string, script: string): string {
  const address = new URL(url);
  const isDrawn = address.searchParams.has("hydrate");
  const drawn = isDrawn ? renderToString(createElement(View, { address })) : "";
  return `<!doctype html><meta charset="utf-8"><title>Hooks</title><link rel="icon" href="data:,">
<div id="root">${drawn}</div><script type="module">${script.replaceAll("</script", "<\\/script")}</script>`;
}
