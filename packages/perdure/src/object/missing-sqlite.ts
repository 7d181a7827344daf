/** Noticing that a class was configured without SQLite, without which nothing here works. */

import { PerdureError } from "../protocol/index.ts";

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
      `The class ${className} has no SQLite: in the Wrangler configuration its migration says \`new_classes\`. Replace it by ` +
        `"migrations": [{ "tag": "v1", "new_sqlite_classes": ["${className}"] }]. ` +
        "A class that is deployed already keeps the storage that it has: export it under another name, in a further migration.",
    );
  }
}
