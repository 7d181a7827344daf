import { dirname, join } from "node:path";
import { parseSync } from "vite";

/** Declaration files, by their paths from the root of the library. */
export type DeclarationFiles = ReadonlyMap<string, string>;

/** A name in a file. */
interface Place {
  readonly file: string;
  readonly name: string;
}

/** What a file says at its top level. */
interface Scope {
  /** Texts of what it declares, by name; overloads are several. */
  readonly declared: ReadonlyMap<string, readonly string[]>;
  /** What it imports, and exports again, by the name that it has here or outside. */
  readonly imported: ReadonlyMap<string, Place>;
  readonly exported: ReadonlyMap<string, Place>;
  /** Files of which it exports everything. */
  readonly stars: readonly string[];
}

/**
 * The public types of an entry as text: every name that it exports, and every type of the same rooms that one of those mentions, in
 * order of the names. Neither comments nor the layout of the source make a difference.
 *
 * @param rooms Folders whose types belong to it; what others declare has its own readers.
 */
export function publicApi(
  files: DeclarationFiles,
  entry: string,
  rooms: readonly string[],
): string {
  const scopes = new Map<string, Scope>();
  const scopeOf = (file: string): Scope => {
    const known = scopes.get(file) ?? read(file, files.get(file) ?? "");
    scopes.set(file, known);
    return known;
  };
  const resolve = ({ file, name }: Place): Place | undefined => {
    if (!files.has(file)) return undefined;
    const { declared, exported, imported, stars } = scopeOf(file);
    const elsewhere = exported.get(name) ?? imported.get(name);
    if (elsewhere !== undefined && !(elsewhere.file === file && elsewhere.name === name))
      return resolve(elsewhere);
    if (declared.has(name)) return { file, name };
    for (const star of stars) {
      const found = resolve({ file: star, name });
      if (found !== undefined) return found;
    }
    return undefined;
  };

  const lines = new Map<string, string>();
  const seen = new Set<string>();
  const add = (label: string, place: Place | undefined): void => {
    if (place === undefined || !rooms.includes(place.file.split("/")[0] ?? "")) return;
    const { declared } = scopeOf(place.file);
    const texts = declared.get(place.name) ?? [];
    lines.set(label, label === place.name ? texts.join("\n") : `${label} is ${place.name}`);
    const key = `${place.file} ${place.name}`;
    if (label !== place.name) return add(place.name, place);
    if (seen.has(key)) return;
    seen.add(key);
    for (const [word] of texts.join(" ").matchAll(/\b[A-Za-z_$][\w$]*\b/g))
      if (word !== place.name && !lines.has(word))
        add(word, resolve({ file: place.file, name: word }));
  };
  for (const name of namesOf(entry, scopeOf, files)) add(name, resolve({ file: entry, name }));
  return [...lines]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, text]) => `${text}\n`)
    .join("\n");
}

function namesOf(
  file: string,
  scopeOf: (file: string) => Scope,
  files: DeclarationFiles,
): readonly string[] {
  if (!files.has(file)) return [];
  const { exported, stars } = scopeOf(file);
  return [...exported.keys(), ...stars.flatMap((star) => namesOf(star, scopeOf, files))];
}

function read(file: string, source: string): Scope {
  const { module, program, errors } = parseSync(file, source, { lang: "ts" });
  if (errors[0] !== undefined) throw new SyntaxError(`${file}: ${errors[0].message}`);
  const fileOf = (specifier: string) =>
    join(dirname(file), specifier).replace(/\.(ts|js)$/, ".d.ts");

  const declared = new Map<string, string[]>();
  const exported = new Map<string, Place>();
  for (const statement of program.body) {
    const isExport = statement.type === "ExportNamedDeclaration" && statement.declaration !== null;
    const declaration = isExport ? statement.declaration : statement;
    const text = tidy(source.slice(statement.start, statement.end));
    for (const name of declaredBy(declaration)) {
      declared.set(name, [...(declared.get(name) ?? []), text]);
      if (isExport) exported.set(name, { file, name });
    }
  }
  const imported = new Map<string, Place>();
  for (const { entries, moduleRequest } of module.staticImports)
    for (const { importName, localName } of entries)
      if (importName.name !== null)
        imported.set(localName.value, { file: fileOf(moduleRequest.value), name: importName.name });
  const stars: string[] = [];
  for (const { entries } of module.staticExports)
    for (const { exportName, importName, localName, moduleRequest } of entries) {
      if (moduleRequest === null) {
        if (exportName.name !== null && localName.name !== null && !exported.has(exportName.name))
          exported.set(exportName.name, { file, name: localName.name });
      } else if (importName.name !== null && exportName.name !== null)
        exported.set(exportName.name, { file: fileOf(moduleRequest.value), name: importName.name });
      else stars.push(fileOf(moduleRequest.value));
    }
  return { declared, imported, exported, stars };
}

/** The names of a declaration. */
function declaredBy(declaration: unknown): readonly string[] {
  const { id, declarations } = declaration as {
    readonly id?: { readonly name?: string } | null;
    readonly declarations?: readonly { readonly id: { readonly name?: string } }[];
  };
  const ids = declarations?.map((one) => one.id) ?? [id];
  return ids.flatMap((one) => one?.name ?? []);
}

/** Nobody outside can see what is private. */
function tidy(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && line !== "#private;" && !line.startsWith("private "))
    .join("\n");
}
