import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { until } from "../../../../packages/cli/test-system/support/until.ts";

/** Far above what a page takes for anything, in milliseconds. */
const LONGEST_WAIT_MS = 30_000;

/** What a browser says by itself of requests that meet no server. */
const OF_AN_OUTAGE = /net::ERR_|WebSocket connection to/;

/** One message as the page shows it, or as the server has it. */
export interface TranscriptMessage {
  readonly role: string;
  /** Paragraphs of text, and `[title: state]` for a tool call. */
  readonly lines: readonly string[];
}

/** A browser of one person, without a cookie at first. */
export async function newPerson(
  browser: Browser,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<BrowserContext> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(LONGEST_WAIT_MS);
  return context;
}

/** The console in one tab. */
export class ConsolePage {
  readonly page: Page;
  /** Errors of scripts, of the page's policy, and whatever else the page wrote to its console as an error. */
  readonly errors: string[] = [];
  readonly composer: Locator;

  private constructor(page: Page) {
    this.page = page;
    this.composer = page.getByRole("textbox", { name: "Message" });
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      if (["error", "warning", "assert"].includes(message.type()))
        this.errors.push(`${message.text()} (${message.location().url})`);
    });
  }

  /** Opens a new tab, if need be prepared before it goes anywhere. */
  static async open(
    person: BrowserContext,
    url: string,
    prepare?: (page: Page) => Promise<void>,
  ): Promise<ConsolePage> {
    const tab = new ConsolePage(await person.newPage());
    await prepare?.(tab.page);
    await tab.page.goto(url);
    return tab;
  }

  /** What went wrong in the page, but for what an outage brings. */
  get errorsBesideOutages(): readonly string[] {
    return this.errors.filter((error) => !OF_AN_OUTAGE.test(error));
  }

  link(state: "live" | "offline" | "closed"): Locator {
    return this.page.locator(`.link-badge[data-link="${state}"]`);
  }

  button(name: string): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  async send(prompt: string): Promise<void> {
    await this.composer.fill(prompt);
    await this.button("Send").click();
  }

  async untilLive(): Promise<void> {
    await this.link("live").waitFor();
  }

  /** Waits until no turn runs and nothing is being sent. */
  async untilIdle(): Promise<void> {
    await this.untilLive();
    await this.button("Stop").waitFor({ state: "detached" });
    await this.page.locator("[data-sending]").waitFor({ state: "detached" });
  }

  /** The text of the last reply as far as it is shown, without white space. */
  async shownText(): Promise<string> {
    return this.page.evaluate(() => {
      const reply = [...document.querySelectorAll('.message[data-role="assistant"]')].at(-1);
      const texts = [...(reply?.querySelectorAll(".markdown") ?? [])].map((one) => one.textContent);
      return texts.join("").replaceAll(/\s/g, "");
    });
  }

  /** Waits until so many characters of the last reply are shown; returns each text that was seen meanwhile. */
  async watchText(characters: number): Promise<readonly string[]> {
    const seen: string[] = [];
    await until(`${characters} characters are shown`, async () => {
      const text = await this.shownText();
      if (text !== seen.at(-1)) seen.push(text);
      return text.length >= characters;
    });
    return seen;
  }

  /** The transcript as it can be read. */
  async transcript(): Promise<readonly TranscriptMessage[]> {
    return this.page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>(".message")].map((message) => ({
        role: message.dataset["role"] ?? "",
        lines: [...message.querySelectorAll(".markdown p, .prompt-text, .tool")].map((line) => {
          if (!line.classList.contains("tool")) return line.textContent;
          const of = (name: string) => line.querySelector(`.tool-${name}`)?.textContent;
          return `[${of("title")}: ${of("status")}]`;
        }),
      })),
    );
  }

  /** The transcript to the last byte. */
  async transcriptMarkup(): Promise<string> {
    return this.page.getByRole("log").innerHTML();
  }
}
