import type { Browser, BrowserContext } from "playwright-core";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { launchChromium } from "../../../../scripts/chromium.ts";
import type { RunningServer } from "../../../cli/test-system/support/scene.ts";
import { Scene } from "../../../cli/test-system/support/scene.ts";
import type { PageOptions } from "./react-page.ts";
import { buildPage, newPerson, ReactPage } from "./react-page.ts";

/** What the tests of one file share. Nothing but `scene` is there before the first test begins. */
export interface ReactScene {
  readonly scene: Scene;
  readonly server: RunningServer;
  /** Opens a tab of a person who is logged in: another one in each test. */
  readonly open: (
    options: PageOptions,
    prepare?: (page: Page) => Promise<void>,
  ) => Promise<ReactPage>;
}

/** Has a server and a browser run for the tests of the file that calls this, once, at its top. */
export function reactScene(): ReactScene {
  const scene = new Scene();
  let server: RunningServer;
  let browser: Browser;
  let script: string;
  let person: BrowserContext;
  beforeAll(async () => {
    [server, browser, script] = await Promise.all([
      scene.startServer(),
      launchChromium(),
      buildPage(),
    ]);
  });
  beforeEach(async () => {
    person = await newPerson(browser, server, script);
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
    open: (options, prepare) => ReactPage.open(person, server, options, prepare),
  };
}
