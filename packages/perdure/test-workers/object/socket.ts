import type { Connection } from "../../src/object/index.ts";
import { openSocket as open, TEST_READER, TestSocket } from "../../src/testing/index.ts";

export const READER = TEST_READER;

/** Opens a socket on an object, as a Worker would. */
export const openSocket = async (stub: Pick<Fetcher, "fetch">, change?: Partial<Connection>) =>
  new TestSocket(await open(stub, change));

/** The code and status of a problem document. */
export async function problemIn(response: Response): Promise<readonly [number, unknown]> {
  const body: unknown = await response.json();
  return [
    response.status,
    typeof body === "object" && body !== null && "code" in body && body.code,
  ];
}
