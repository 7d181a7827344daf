import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createBrotliDecompress } from "node:zlib";
import { chromium, type Browser } from "playwright-core";
import { extract } from "tar-fs";
import chromiumPackage from "../node_modules/@sparticuz/chromium/package.json" with { type: "json" };

const modules = fileURLToPath(new URL("../node_modules/", import.meta.url));
const archives = join(modules, "@sparticuz", "chromium", "bin");

/** What a launch needs of an unpacked browser. */
export interface ChromiumFiles {
  readonly executable: string;
  /** Environment variables with which the executable finds its own libraries and fonts. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Starts a headless Chromium with an empty profile, which goes away with `browser.close()`.
 *
 * The binary comes with `npm ci`, and so do the libraries and the font that a bare machine lacks: Linux on x64 needs nothing
 * installed. On any other machine set `PERDURE_CHROMIUM` to the path of a Chromium or Chrome.
 */
export async function launchChromium(): Promise<Browser> {
  const { executable, environment } = await chromiumFiles();
  return chromium.launch({
    executablePath: executable,
    headless: true,
    env: { ...process.env, ...environment },
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Finds the browser to launch, unpacking the one that npm installed if it has not been yet. */
export async function chromiumFiles(): Promise<ChromiumFiles> {
  const chosen = process.env["PERDURE_CHROMIUM"];
  if (chosen !== undefined && chosen !== "") return { executable: chosen, environment: {} };
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(
      `No Chromium comes with npm for ${process.platform} ${process.arch}: set PERDURE_CHROMIUM to the path of one.`,
    );
  }
  const folder = await unpackOnce();
  return {
    executable: join(folder, "chromium"),
    environment: {
      LD_LIBRARY_PATH: join(folder, "al2023", "lib"),
      FONTCONFIG_FILE: join(folder, "fonts.conf"),
    },
  };
}

/** Unpacks into a cache folder per version. The folder appears whole, by a rename, so that processes may race for it. */
async function unpackOnce(): Promise<string> {
  const cache = join(modules, ".cache", "perdure");
  const folder = join(cache, `chromium-${chromiumPackage.version}`);
  if (existsSync(folder)) return folder;

  await mkdir(cache, { recursive: true });
  const unpacking = await mkdtemp(`${folder}-`);
  try {
    await Promise.all([
      unpack("chromium.br", createWriteStream(join(unpacking, "chromium"), { mode: 0o755 })),
      unpack("al2023.tar.br", extract(join(unpacking, "al2023"))),
      unpack("fonts.tar.br", extract(join(unpacking, "fonts"))),
      writeFile(join(unpacking, "fonts.conf"), fontconfig(folder)),
    ]);
    await rename(unpacking, folder);
  } catch (error) {
    await rm(unpacking, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

function unpack(archive: string, target: NodeJS.WritableStream): Promise<void> {
  return pipeline(createReadStream(join(archives, archive)), createBrotliDecompress(), target);
}

/** The archive's own configuration names folders of AWS Lambda; without a font, Chromium lays text out as nothing. */
function fontconfig(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(folder, "fonts")}</dir>
  <cachedir>${join(folder, "fonts-cache")}</cachedir>
</fontconfig>
`;
}
