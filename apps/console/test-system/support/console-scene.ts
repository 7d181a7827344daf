import type { Browser, BrowserContext, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, onTestFinished } from "vitest";
import type { RunningServer } from "../../../../packages/cli/test-system/support/scene.ts";
import { Scene } from "../../../../packages/cli/test-system/support/scene.ts";
import { launchChromium } from "../../../../scripts/chromium.ts";
import { ConsolePage, newPerson } from "./console-page.ts";

/** What the tests of one file share. Nothing but `scene` is there before the first test begins. */
export interface ConsoleScene {
  readonly scene: Scene;
  readonly server: RunningServer;
  /** Somebody who has no cookie yet: another in each test. */
  readonly person: BrowserContext;
  /**
   * Opens a tab with the URL that the server printed, and goes on to a path of the console. With options it is somebody
   * else's, whose browser has these, until the test has ended.
   */
  readonly logIn: (path: string, options?: BrowserContextOptions) => Promise<ConsolePage>;
}

/** Has a server and a browser run for the tests of the file that calls this, once, at its top. */
export function consoleScene(): ConsoleScene {
  const scene = new Scene();
  let server: RunningServer;
  let browser: Browser;
  let person: BrowserContext;
  beforeAll(async () => {
    [server, browser] = await Promise.all([scene.startServer(), launchChromium()]);
  });
  beforeEach(async () => {
    person = await newPerson(browser);
  });
  afterEach(() => person.close());
  afterAll(async () => {
    await browser.close();
    await scene.end();
  });
  return {
    scene,
    get server() {
      return server;
    },
    get person() {
      return person;
    },
    logIn: async (path, options) => {
      const owner = options === undefined ? person : await newPerson(browser, options);
      if (owner !== person) onTestFinished(() => owner.close());
      return ConsolePage.open(owner, `${server.loginUrl}&next=${path}`);
    },
  };
}
