import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "vite";

/** The rooms of the library, each with the rooms that it may import. */
const below = ["protocol", "object", "log"];
const middle = ["auth", "connection", "directory", "mcp", "session", "shard"];
/** @type {Readonly<Record<string, readonly string[]>>} */
const rooms = {
  protocol: [],
  object: ["protocol"],
  log: ["protocol", "object"],
  ...Object.fromEntries(middle.map((room) => [room, below])),
  // The list of sessions is a shard, and sessions tell it.
  directory: ["protocol", "object", "shard"],
  session: [...below, "directory"],
  // Other names for what is there, and nothing else.
  do: ["auth", "shard"],
  dialects: [...below, ...middle],
  // The routes put the dialects on the web.
  http: [...below, ...middle, "dialects"],
  client: ["protocol"],
  react: ["protocol", "client"],
  testing: [...below, ...middle],
  lint: [],
};

/** What of a room is published, and loaded, apart from the rest of it. */
const subpaths = new Set(["client/list/index.ts", "mcp/sdk/index.ts"]);

/** Rooms that import no package, but for one that is types alone. */
const withoutPackages = new Set(["protocol"]);
const typesOnly = new Set(["@standard-schema/spec"]);

/** The only files that may import `cloudflare:…`; every other class is pure and also runs in Node. */
const platformRooms = new Set(["object", "session", "shard", "connection", "mcp", "http"]);
const platformFiles = [/-do\.ts$/, /^durable-.*\.ts$/];

const library = "packages/perdure/src";
const programs = ["packages/cli", "apps/console"];
const sources = [library, ...programs.map((program) => `${program}/src`)];

/**
 * @typedef {object} Violation
 * @property {string} file Path of the importing file from the root of the repository.
 * @property {string} specifier What it imports.
 * @property {string} reason Which rule that breaks.
 */

/**
 * Checks the imports and re-exports of one file, those of types too.
 *
 * @param {string} file Path from the root of the repository, with forward slashes.
 * @param {string} source Its text.
 * @returns {Violation[]}
 */
export function checkFile(file, source) {
  return importsOf(file, source).flatMap((specifier) => {
    const reason = file.startsWith(`${library}/`)
      ? libraryRule(file, specifier)
      : programRule(file, specifier);
    return reason === undefined ? [] : [{ file, specifier, reason }];
  });
}

/**
 * @param {string} file
 * @param {string} specifier
 * @returns {string | undefined} The broken rule, if any.
 */
function libraryRule(file, specifier) {
  const [room = "", ...inside] = file.slice(library.length + 1).split("/");
  if (inside.length === 0) return "every source file belongs to a room";
  const allowed = rooms[room];
  if (allowed === undefined) {
    return `the room "${room}" is unknown: say in scripts/check-imports.mjs what it may import`;
  }
  // Workers have it, too.
  if (specifier === "node:async_hooks") return undefined;
  if (specifier.startsWith("node:")) return "the library has no Node-only code";
  if (specifier.startsWith("cloudflare:")) {
    const isPlatformFile = platformFiles.some((pattern) => pattern.test(basename(file)));
    return platformRooms.has(room) && isPlatformFile
      ? undefined
      : "only *-do.ts and durable-*.ts of object, session, shard, connection, mcp and http may touch the platform";
  }
  if (!specifier.startsWith(".")) {
    if (withoutPackages.has(room) && !typesOnly.has(specifier)) return `${room} imports no package`;
    return specifier === "perdure" || specifier.startsWith("perdure/")
      ? "rooms import each other by relative path"
      : undefined;
  }

  const target = join(dirname(file), specifier).split(sep).join("/");
  if (!target.startsWith(`${library}/`)) return "the library imports nothing outside its src";
  const [targetRoom = "", ...targetInside] = target.slice(library.length + 1).split("/");
  if (targetRoom === room) return undefined;
  if (!allowed.includes(targetRoom)) {
    return `${room} may import ${allowed.length === 0 ? "no other room" : allowed.join(", ")}`;
  }
  const entry = targetInside.join("/");
  return entry === "index.ts" || subpaths.has(`${targetRoom}/${entry}`)
    ? undefined
    : `${targetRoom} is imported through its index.ts`;
}

/**
 * @param {string} file
 * @param {string} specifier
 * @returns {string | undefined} The broken rule, if any.
 */
function programRule(file, specifier) {
  if (!specifier.startsWith(".")) return undefined;
  const program = programs.find((folder) => file.startsWith(`${folder}/`)) ?? "";
  const target = join(dirname(file), specifier).split(sep).join("/");
  return target.startsWith(`${program}/`)
    ? undefined
    : "a program imports other packages by name, through their public exports";
}

/**
 * @param {string} file
 * @param {string} source
 * @returns {string[]}
 */
function importsOf(file, source) {
  const { module, errors } = parseSync(file, source);
  if (errors[0] !== undefined) throw new SyntaxError(`${file}: ${errors[0].message}`);
  return [
    ...module.staticImports.map((statement) => statement.moduleRequest.value),
    ...module.staticExports.flatMap((statement) =>
      statement.entries.flatMap((entry) => entry.moduleRequest?.value ?? []),
    ),
    ...module.dynamicImports.map(({ moduleRequest: { start, end } }) =>
      source.slice(start, end).replace(/^["'`]|["'`]$/g, ""),
    ),
  ].filter((specifier, index, all) => all.indexOf(specifier) === index);
}

async function main() {
  const root = fileURLToPath(new URL("..", import.meta.url));
  let count = 0;
  /** @type {Violation[]} */
  const violations = [];
  for (const folder of sources) {
    for await (const path of glob(join(root, folder, "**/*.{ts,tsx}"))) {
      const file = relative(root, path).split(sep).join("/");
      violations.push(...checkFile(file, readFileSync(path, "utf8")));
      count += 1;
    }
  }
  for (const { file, specifier, reason } of violations) {
    console.error(`${file} imports "${specifier}": ${reason}.`);
  }
  if (count === 0) console.error(`No source files below ${sources.join(", ")}.`);
  else console.log(`${count} files, ${violations.length} wrong imports.`);
  process.exitCode = violations.length > 0 || count === 0 ? 1 : 0;
}

if (import.meta.main) await main();
