/** A part of a session: the component renders again only when that part is another one. */

import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";

/** What `useSyncExternalStore` needs: `get` gives the same value until something has changed. */
export interface Readable<T> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly get: () => T;
  /** The value on a server, and in a page until it has taken over what the server drew. */
  readonly getOnServer: () => T;
}

/** @param select Need not be the same function in each render. */
export function useSelected<T, Selected>(
  { subscribe, get, getOnServer }: Readable<T>,
  select: (value: T) => Selected,
  isEqual: (a: Selected, b: Selected) => boolean,
): Selected {
  /** What the component shows: an equal value is given as this one. */
  const shown = useRef<{ readonly value: Selected } | undefined>(undefined);
  const [read, readOnServer] = useMemo(() => {
    const selecting = (from: () => T): (() => Selected) => {
      let last: { readonly from: T; readonly value: Selected } | undefined;
      return () => {
        const value = from();
        if (last === undefined || !Object.is(last.from, value)) {
          const before = last ?? shown.current;
          const selected = select(value);
          const isSame = before !== undefined && isEqual(before.value, selected);
          last = { from: value, value: isSame ? before.value : selected };
        }
        return last.value;
      };
    };
    return [selecting(get), selecting(getOnServer)];
  }, [get, getOnServer, select, isEqual, shown]);
  const value = useSyncExternalStore(subscribe, read, readOnServer);
  useEffect(() => {
    shown.current = { value };
  }, [value, shown]);
  return value;
}
