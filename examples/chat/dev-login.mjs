// Makes the secret that `wrangler dev` signs tokens with, once, and prints the URL that logs a browser in. A deploy takes
// nothing from the file.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { signLoginToken } from "perdure/auth/tokens";

const file = new URL(".dev.vars", import.meta.url);
if (!existsSync(file))
  writeFileSync(file, `PERDURE_SECRET=${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
const [, secret = ""] = /^PERDURE_SECRET=(.*)$/m.exec(readFileSync(file, "utf8")) ?? [];

const url = new URL("/login", process.env.URL ?? "http://localhost:8787");
url.searchParams.set("token", await signLoginToken(secret, "owner"));
url.searchParams.set("next", "/");
console.log(`Open ${url.href}`);
