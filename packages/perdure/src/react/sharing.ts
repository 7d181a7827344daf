/** How components share one connection. */

import type { TokenSource } from "../client/index.ts";

/** Something with a connection that is there for as long as somebody holds it. */
interface Shared {
  subscribe(listener: () => void): () => void;
  hold(): () => void;
}

/** A way to listen that also holds. @param store Looked up at each call: the one before may have been closed since. */
export const holding =
  (store: () => Shared) =>
  (listener: () => void): (() => void) => {
    const current = store();
    const unsubscribe = current.subscribe(listener);
    const release = current.hold();
    return () => {
      unsubscribe();
      release();
    };
  };

/** What tells who asks. Of a token that is a function, which one it is makes no difference. */
export const tokenKeyOf = (token: TokenSource | undefined): readonly unknown[] => [
  typeof token,
  typeof token === "string" && token,
];
