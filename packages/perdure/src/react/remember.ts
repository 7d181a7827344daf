/** Remembers the last result of a function, and gives it again for the same arguments. */
export function remember<Arguments extends readonly unknown[], Result>(
  compute: (...values: Arguments) => Result,
): (...values: Arguments) => Result {
  let last: { readonly values: Arguments; readonly result: Result } | undefined;
  return (...values) => {
    if (last === undefined || values.some((value, index) => !Object.is(value, last?.values[index])))
      last = { values, result: compute(...values) };
    return last.result;
  };
}
