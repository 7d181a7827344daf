import type { StandardSchemaV1 } from "@standard-schema/spec";
import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { ClientEvents, ServerEvents } from "../../src/protocol/index.ts";
import { checkEvent, defineContract, PerdureError } from "../../src/protocol/index.ts";

const contract = defineContract({
  serverEvents: { message: z.object({ text: z.string(), at: z.coerce.date() }) },
  clientEvents: {
    say: z.object({ text: z.string().trim(), loud: z.boolean().default(false) }),
    list: z.object({ tags: z.array(z.string()) }),
  },
});

const thrown = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

test("Y5 the sender gives what a schema takes, the receiver gets what it makes", () => {
  type Said = ClientEvents<typeof contract>["say"];
  expectTypeOf<Said["sent"]>().toEqualTypeOf<{ text: string; loud?: boolean | undefined }>();
  expectTypeOf<Said["received"]>().toEqualTypeOf<{ text: string; loud: boolean }>();
  expectTypeOf<ServerEvents<typeof contract>["message"]["received"]["at"]>().toEqualTypeOf<Date>();

  const said = checkEvent(contract.clientEvents, "say", { text: " hello " });
  expectTypeOf(said).toEqualTypeOf<{ text: string; loud: boolean }>();
  expect(said).toEqual({ text: "hello", loud: false });
});

test("Y5 data that does not fit its schema is refused with the issues", () => {
  const error = thrown(() => checkEvent(contract.clientEvents, "list", { tags: ["a", 1] }));
  expect(error).toBeInstanceOf(PerdureError);
  expect(error).toMatchObject({
    code: "bad_request",
    extra: { issues: [{ path: ["tags", "1"], message: expect.any(String) as unknown }] },
  });
  expect(String(error)).toContain(`The data of the event "list" does not fit its schema: tags.1: `);
  expect(String(thrown(() => checkEvent(contract.clientEvents, "list", 1)))).toContain(
    "all of it: ",
  );
});

test.each(["message", "shout", "constructor", "__proto__"])(
  "Y5 an event that the contract has not is refused: %s",
  (event) => {
    const schemas: Readonly<Record<string, StandardSchemaV1>> = contract.clientEvents;
    expect(thrown(() => checkEvent(schemas, event, {}))).toMatchObject({
      code: "bad_request",
      message: `The contract has no event "${event}" this way.`,
    });
  },
);

test("Y5 a schema that is asynchronous is said to be of no use", () => {
  const slow = { slow: z.string().refine(() => Promise.resolve(true)) };
  expect(() => checkEvent(slow, "slow", "x")).toThrow(TypeError);
  expect(() => checkEvent(slow, "slow", "x")).toThrow("give a synchronous one");
});
