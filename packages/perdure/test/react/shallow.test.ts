import { expect, test } from "vitest";
import { shallow } from "../../src/react/index.ts";

const one = {};

test.each([
  [[1, one], [1, one], true],
  [{ a: one }, { a: one }, true],
  [Number.NaN, Number.NaN, true],
  [[1], [2], false],
  [[1], [1, 2], false],
  [{ a: 1 }, { a: 1, b: undefined }, false],
  [{ a: undefined }, { b: undefined }, false],
  [{ a: {} }, { a: {} }, false],
  [[], {}, false],
  [null, {}, false],
  [new Map([[1, 2]]), new Map([[1, 2]]), false],
])("U9 shallow(%j, %j) is %s", (a, b, isEqual) => {
  expect(shallow(a, b)).toBe(isEqual);
});
