/** Noticing that a class was configured without SQLite, without which nothing here works. */

import { PerdureError } from "../protocol/index.ts";

/** How its message goes on after the name of the class. */
const NO_SQLITE = "has no SQLite: in the Wrangler configuration";

/** Whether an error says that an object has no SQLite: a Worker of an older compatibility date gets the text alone, without the code. */
export function saysMissingSqlite(text: string): boolean {
  return text.includes(NO_SQLITE);
}

/** What an object without SQLite answers to everything, with the lines to change; undefined where there is SQLite. */
export function missingSqlite(
  storage: DurableObjectStorage,
  className: string,
): PerdureError | undefined {
  try {
    void storage.sql.databaseSize;
    return undefined;
  } catch (error) {
    if (!String(error).includes("SQL is not enabled")) throw error;
    return new PerdureError(
      "broken",
      `The class ${className} ${NO_SQLITE} its migration says \`new_classes\`. Replace it by ` +
        `"migrations": [{ "tag": "v1", "new_sqlite_classes": ["${className}"] }]. ` +
        "A class that is deployed already keeps the storage that it has: export it under another name, in a further migration.",
    );
  }
}
