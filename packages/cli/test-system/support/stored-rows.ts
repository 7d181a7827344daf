import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/**
 * Every row of every table of a class's objects, the platform's own tables too, as JSON texts in order: what is on the disk
 * while the server runs. `rowid` is in them, so that a row which was replaced by an equal one shows.
 *
 * @param objects The name under which the class's databases are kept.
 */
export function storedRows(dataFolder: string, objects: string): readonly string[] {
  const folder = join(dataFolder, "data", objects);
  const files = readdirSync(folder).filter((name) => name.endsWith(".sqlite"));
  return files.toSorted().flatMap((name) => rowsIn(join(folder, name)));
}

function rowsIn(file: string): string[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database
      .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .all();
    return tables.flatMap(({ name, sql }) => {
      const hidden = /WITHOUT ROWID/i.test(String(sql)) ? "" : "rowid, ";
      const statement = database.prepare(`SELECT ${hidden}* FROM "${String(name)}"`);
      // The platform keeps its alarm in nanoseconds, which are more than a number can hold.
      statement.setReadBigInts(true);
      return statement.all().map((row) => `${String(name)} ${JSON.stringify(row, textOfBigInt)}`);
    });
  } finally {
    database.close();
  }
}

function textOfBigInt(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
