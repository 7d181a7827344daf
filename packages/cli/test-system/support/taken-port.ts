import { once } from "node:events";
import { createServer } from "node:net";
import { onTestFinished } from "vitest";

/** A port on which another program listens until the test ends. */
export async function takenPort(): Promise<number> {
  const other = createServer();
  onTestFinished(() => void other.close());
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  if (address === null || typeof address === "string") throw new Error("It has no port.");
  return address.port;
}
