import { PerdureError } from "../../protocol/index.ts";
import { cloneValue, setOwn } from "./clone-value.ts";

/**
 * The values that a state begins with, none of them shared with the definition.
 *
 * @throws `bad_request` where one cannot be cloned.
 */
export function clonedInitial(initial: object): Record<PropertyKey, unknown> {
  const values: Record<PropertyKey, unknown> = {};
  for (const key of Object.keys(initial)) {
    try {
      setOwn(values, key, cloneValue(Reflect.get(initial, key)));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new PerdureError(
        "bad_request",
        `The initial "${key}" cannot be cloned for each object; assign it in onConnect. ${why}`,
      );
    }
  }
  return values;
}

/** The keys that persist, as storage names them. */
export function namesOf(keys: readonly PropertyKey[]): ReadonlySet<string> {
  return new Set(
    keys.map((key) => {
      if (typeof key !== "symbol") return String(key);
      throw new PerdureError("bad_request", `${String(key)} cannot persist: its name is a symbol.`);
    }),
  );
}
