// Prints the URL that logs a browser in: `PERDURE_SECRET=… npm run login-url -- https://perdure.example.workers.dev`
import { signLoginToken } from "perdure/auth/tokens";

const [server] = process.argv.slice(2);
const { PERDURE_SECRET: secret } = process.env;
if (server === undefined || secret === undefined) {
  console.error("Say the server's URL, and its secret in the environment as PERDURE_SECRET.");
  process.exit(1);
}
const url = new URL("/login", server);
url.searchParams.set("token", await signLoginToken(secret, "owner"));
console.log(url.href);
