import { chromiumFiles } from "./chromium.ts";

/** Unpacks the browser before test files that run at once would each begin to; where there is none, they say so. */
export async function setup(): Promise<void> {
  await chromiumFiles().catch(() => undefined);
}
