import { expect, test } from "vitest";
import { callObject } from "../../src/object/call-object.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

/** An object that fails as the platform says it may, and then answers. */
class Failing {
  /** Stubs that were got, each good for one attempt. */
  stubs: string[] = [];
  readonly #failures: object[];

  constructor(...failures: object[]) {
    this.#failures = failures;
  }

  getByName(name: string) {
    this.stubs.push(name);
    let isBroken = false;
    return {
      ask: async (): Promise<string> => {
        if (isBroken) throw new Error("A stub that failed was used again.");
        const failure = this.#failures.shift();
        if (failure === undefined) return "answer";
        isBroken = true;
        throw Object.assign(new Error("failed"), failure);
      },
    };
  }
}

const GONE = { retryable: true };
const RESET = { durableObjectReset: true };
const OVERLOADED = { retryable: true, overloaded: true };

/** Calls, and lets time pass as long as the call waits. */
async function call(object: Failing, attempts?: number) {
  const clock = new FakeClock();
  const waits: number[] = [];
  const answer = callObject(object, "abc", (stub) => stub.ask(), {
    attempts,
    clock: {
      now: () => clock.now(),
      after: (delay, task) => {
        waits.push(delay);
        return clock.after(0, task);
      },
    },
    random: () => 1,
  });
  const settled = answer.then(
    (value) => value,
    (error: Error) => error.message,
  );
  for (let turn = 0; turn < 20; turn += 1) {
    await Promise.resolve();
    clock.advance(0);
  }
  return { answer: await settled, waits, attempts: object.stubs.length };
}

test("a failure that may pass at once is tried again, with a new stub and a longer wait each time", async () => {
  expect(await call(new Failing())).toEqual({ answer: "answer", waits: [], attempts: 1 });
  expect(await call(new Failing(GONE, RESET))).toEqual({
    answer: "answer",
    waits: [100, 200],
    attempts: 3,
  });
});

test("after the last attempt the failure is the caller's", async () => {
  expect(await call(new Failing(GONE, GONE, GONE))).toMatchObject({
    answer: "failed",
    attempts: 3,
  });
  expect(await call(new Failing(GONE), 1)).toMatchObject({ answer: "failed", attempts: 1 });
});

test("an object that is overloaded, and one that says no, are not asked again", async () => {
  expect(await call(new Failing(OVERLOADED))).toMatchObject({ answer: "failed", attempts: 1 });
  expect(await call(new Failing({}))).toMatchObject({ answer: "failed", attempts: 1 });
});
