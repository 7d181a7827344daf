// Makes the secret that `wrangler dev` signs tokens with, once, and prints a URL for each of two people to log in with. A deploy
// takes nothing from the file.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { signLoginToken } from "perdure/auth/tokens";

const file = new URL(".dev.vars", import.meta.url);
if (!existsSync(file))
  writeFileSync(file, `PERDURE_SECRET=${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
const [, secret = ""] = /^PERDURE_SECRET=(.*)$/m.exec(readFileSync(file, "utf8")) ?? [];

for (const person of ["ada", "bob"]) {
  const url = new URL("/login", process.env.URL ?? "http://localhost:8787");
  url.searchParams.set("token", await signLoginToken(secret, person));
  console.log(`${person}, each in a browser profile of their own: ${url.href}`);
}
