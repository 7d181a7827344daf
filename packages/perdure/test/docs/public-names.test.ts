import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const PACKAGE = join(import.meta.dirname, "../..");

/** A name that a room exports, and the file that declares it. */
interface PublicName {
  readonly name: string;
  readonly file: string;
}

/** All that a file exports, through any number of others; what comes from another package is its own. */
function* namesOf(file: string): Generator<PublicName> {
  const source = readFileSync(file, "utf8");
  for (const [, from = ""] of source.matchAll(/^export \* from "(\.[^"]+)"/gm))
    yield* namesOf(join(dirname(file), from));
  for (const [, list = "", from = ""] of source.matchAll(
    /^export (?:type )?\{([^}]*)\} from "(\.[^"]+)"/gm,
  ))
    for (const item of list.split(",")) {
      const name = item
        .trim()
        .replace(/^type /, "")
        .split(" as ")[0];
      if (name === undefined || name === "") continue;
      const target = join(dirname(file), from);
      const declared = [...namesOf(target)].find((one) => one.name === name);
      yield declared ?? { name, file: target };
    }
  for (const [, name = ""] of source.matchAll(DECLARATION)) yield { name, file };
}

const DECLARATION =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:class|function\*?|const|let|interface|type|enum) ([\w$]+)/gm;

/** Whether a doc comment ends on the line before the first declaration of this name. */
function isDocumented({ name, file }: PublicName): boolean {
  const lines = readFileSync(file, "utf8").split("\n");
  const at = lines.findIndex((line) =>
    [...line.matchAll(DECLARATION)].some(([, one]) => one === name),
  );
  return lines[at - 1]?.endsWith("*/") === true;
}

const { exports } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, { readonly "perdure-source"?: string } | string>>;
};

const rooms = Object.entries(exports).flatMap(([room, target]) => {
  const source = typeof target === "string" ? undefined : target["perdure-source"];
  return source === undefined
    ? []
    : [{ room: room.replace("./", "perdure/"), file: join(PACKAGE, source) }];
});

test.each(rooms)("every name of $room has a doc comment", ({ file }) => {
  expect(existsSync(file)).toBe(true);
  const names = [...namesOf(file)];
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !isDocumented(name))).toEqual([]);
});
