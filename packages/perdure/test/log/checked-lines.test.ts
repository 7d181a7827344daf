import { expect, test } from "vitest";
import { LineWriter, readLines } from "../../src/log/index.ts";

/** A file of these values, as text. */
function fileOf(...values: readonly unknown[]): string {
  const writer = new LineWriter();
  return values.map((value) => writer.line(value)).join("") + writer.end();
}

/** What is read of a file that arrives in pieces of so many bytes. */
async function read(text: string, size = 7): Promise<readonly unknown[]> {
  const bytes = new TextEncoder().encode(text);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
  }
  const values: unknown[] = [];
  for await (const value of readLines(pieces())) values.push(value);
  return values;
}

const VALUES = [{ a: 1 }, ["é", "\u{1F600}", "line\nfeed"], "text", 0, null];

test.each([1, 2, 3, 1_000])("lines that arrive %i bytes at a time are read whole", async (size) => {
  expect(await read(fileOf(...VALUES), size)).toEqual(VALUES);
});

test("a file without values has an end of its own", async () => {
  expect(await read(fileOf())).toEqual([]);
});

test("X7 every file that is cut off anywhere is refused", async () => {
  const file = fileOf({ a: 1 }, { b: 2 });
  // The line feed at the end is no loss.
  for (let length = 0; length < file.length - 1; length += 1)
    await expect(read(file.slice(0, length))).rejects.toMatchObject({
      code: "bad_request",
    });
  expect(await read(file.slice(0, -1))).toEqual([{ a: 1 }, { b: 2 }]);
});

test("X7 a file is refused in which a character, a line or the order was changed", async () => {
  const [one = "", two = "", end = ""] = fileOf({ a: 1 }, { b: 2 }).split(/(?<=\n)/);
  const altered = [
    one.replace("1", "7") + two + end,
    two + one + end,
    one + end,
    one + two + two + end,
    one + two + end + one,
    one + two + end.replace(/"sha256":"./, '"sha256":"z'),
    one.replace("\n", " \n") + two + end,
  ];
  for (const file of altered)
    await expect(read(file)).rejects.toMatchObject({ code: "bad_request" });
});

async function* notUtf8() {
  yield new Uint8Array([0x22, 0xff, 0x22, 0x0a]);
}

async function readNotUtf8(): Promise<void> {
  for await (const _ of readLines(notUtf8()));
}

test("X7 what is no UTF-8 is refused", async () => {
  await expect(readNotUtf8()).rejects.toMatchObject({ code: "bad_request" });
});

test("a line that does not end is refused before it fills the memory", async () => {
  const piece = new TextEncoder().encode("x".repeat(1024 * 1024));
  let sent = 0;
  async function* bytes() {
    for (;;) {
      sent += 1;
      yield piece;
    }
  }
  const reading = async () => {
    for await (const _ of readLines(bytes()));
  };
  await expect(reading()).rejects.toMatchObject({ code: "too_large" });
  expect(sent).toBeLessThanOrEqual(17);
});
