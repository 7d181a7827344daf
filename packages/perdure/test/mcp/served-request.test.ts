import { expect, test } from "vitest";
import type { ServedRequestOptions } from "../../src/mcp/served-request.ts";
import { ServedRequest } from "../../src/mcp/served-request.ts";

/** A writer for which everything is durable at once. */
class FakeWriter {
  readonly head = 0;
  readonly written: string[] = [];
  #position = 0;

  listen(): void {}

  put(event: string, _isLast: boolean, done: (position: number) => void): void {
    this.written.push(event);
    this.#position += 1;
    done(this.#position);
  }

  async room(): Promise<void> {}

  async close(): Promise<void> {}
}

function optionsOf(writer: FakeWriter): ServedRequestOptions {
  return {
    writer,
    stream: "s",
    request: 1,
    retryMs: 1_000,
    knowsPriming: true,
    answer: () => Promise.resolve(),
    abort: () => {},
    failed: () => {},
  };
}

test("F15 a stream that a tool ends at once still tells its client where to come back", async () => {
  const served = new ServedRequest(optionsOf(new FakeWriter()));
  served.closeStream();
  expect(await new Response(served.body).text()).toBe("id: s-0\nretry: 1000\ndata: \n\n");
});

const answer = { jsonrpc: "2.0", id: 1, result: {} };

test("F3 the answer waits for what the server did to sessions", async () => {
  const writer = new FakeWriter();
  const served = new ServedRequest(optionsOf(writer));
  const effect = Promise.withResolvers<void>();
  const source = new Response(`event: message\ndata: ${JSON.stringify(answer)}\n\n`).body;
  if (source === null) throw new Error("no body");
  const pending = new Set<Promise<unknown>>();
  pending.add(effect.promise.finally(() => pending.clear()));
  const done = served.serve(source, { id: "1", facts: {}, pending, closeStream: undefined });
  await new Promise((resolve) => setImmediate(resolve));
  expect(writer.written).toEqual([]);
  effect.resolve();
  await done;
  expect(writer.written[0]).toContain('"result"');
});
