import { expect, test } from "vitest";
import { cloneValue } from "../../../src/connection/state/clone-value.ts";
import { PersistedState, PersistError, snapshot } from "../../../src/connection/state/index.ts";
import { randomFrom } from "../../support/random.ts";
import { canonical } from "./canonical.ts";
import { MemoryStore } from "./memory-store.ts";
import type { Model } from "./random-change.ts";
import { changeAtRandom } from "./random-change.ts";
import { randomValue } from "./random-value.ts";

const CHANGES = 150;

function open(store: MemoryStore): PersistedState<Model> {
  return new PersistedState<Model>({
    initial: { one: {}, other: [] },
    persistedKeys: ["one", "other"],
    shallow: false,
    store,
  });
}

/** The same values, each key by itself: nothing is shared between keys. */
const copyOf = ({ one, other }: Model): Model => ({
  one: cloneValue(one),
  other: cloneValue(other),
});

const textOf = (state: Model): string => `${canonical(state.one)} | ${canonical(state.other)}`;

/** Makes the same change in both; what the one refuses for its size the other does not get. */
function changeBoth(state: Model, model: Model, seed: number): void {
  try {
    changeAtRandom(state, randomFrom(seed), (value) => value);
  } catch (error) {
    if (error instanceof PersistError && error.code === "too_large") return;
    throw error;
  }
  changeAtRandom(model, randomFrom(seed), cloneValue);
}

test.each(Array.from({ length: 60 }, (_, n) => n + 1))(
  "V6 random changes inside of a state are there after an eviction, just as plain objects have them: seed %i",
  (seed) => {
    const random = randomFrom(seed);
    const store = new MemoryStore();
    let state = open(store);
    let model: Model = { one: {}, other: [] };
    let stored = copyOf(model);
    for (let n = 0; n < CHANGES; n += 1) {
      changeBoth(state.proxy, model, Math.floor(random() * 2 ** 32));
      expect(textOf(state.proxy), `change ${n}`).toBe(textOf(model));
      const next = random();
      if (next < 0.1) {
        state.rollback();
        model = copyOf(stored);
      } else if (next < 0.2) {
        state.flush();
        stored = copyOf(model);
        if (next < 0.15) state = open(store);
      }
      expect(textOf(state.proxy), `after change ${n}`).toBe(textOf(model));
    }
    expect(textOf(snapshot(state.proxy))).toBe(textOf(model));
  },
);

test("V7 random values come back from storage as they were assigned", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const store = new MemoryStore();
    const state = open(store);
    const value = randomValue(randomFrom(seed), 4);
    state.proxy.one = value;
    state.flush();
    expect(canonical(open(store).proxy.one), `seed ${seed}`).toBe(canonical(value));
  }
});
