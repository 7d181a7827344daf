// Makes the secret that `wrangler dev` signs tokens with, once. A deploy takes nothing from the file.
import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";

const file = new URL(".dev.vars", import.meta.url);
if (!existsSync(file))
  writeFileSync(file, `PERDURE_SECRET=${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
