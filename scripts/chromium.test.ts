import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { chromiumFiles, launchChromium } from "./chromium.ts";

const execute = promisify(execFile);

/** What every Linux with glibc has. Anything else must come with the browser. */
const ofTheMachine = ["ld-linux", "libc", "libdl", "libgcc_s", "libm", "libpthread", "linux-vdso"];

test("the browser's libraries come with npm, but for those of the C runtime", async () => {
  const { executable, environment } = await chromiumFiles();
  const { stdout } = await execute("ldd", [executable], {
    env: { ...process.env, ...environment },
  });
  const elsewhere = stdout
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.includes(environment["LD_LIBRARY_PATH"] ?? "?"))
    .map((line) => /([^/\s]+?)(-x86-64)?\.so/.exec(line)?.[1] ?? line);

  expect(elsewhere.toSorted()).toEqual(ofTheMachine);
}, 60_000);

test("the browser draws a page", async () => {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.setContent("<h1>Perdure</h1>");
    const screenshot = await page.screenshot();

    expect(await page.locator("h1").innerText()).toBe("Perdure");
    expect(screenshot.subarray(1, 4).toString("latin1")).toBe("PNG");
  } finally {
    await browser.close();
  }
}, 60_000);
