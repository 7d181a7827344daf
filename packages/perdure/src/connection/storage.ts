/** The platform's storage, with transactions that hold back what is emitted inside. */

import type { Outbox } from "./outbox.ts";

/** Storage whose `transaction` and `transactionSync` hold an outbox; all else is the platform's own. */
export function holdingStorage(
  storage: DurableObjectStorage,
  outbox: Pick<Outbox, "hold">,
): DurableObjectStorage {
  return overriding(storage, {
    async transaction<T>(closure: (transaction: DurableObjectTransaction) => Promise<T>) {
      const end = outbox.hold();
      let isKept = false;
      const run = (transaction: DurableObjectTransaction) => {
        isKept = true;
        const rollback = () => {
          isKept = false;
          transaction.rollback();
        };
        return closure(overriding(transaction, { rollback }));
      };
      try {
        return await storage.transaction(run);
      } catch (error) {
        isKept = false;
        throw error;
      } finally {
        end(isKept);
      }
    },
    transactionSync<T>(closure: () => T): T {
      const end = outbox.hold();
      let isKept = false;
      try {
        const value = storage.transactionSync(closure);
        isKept = true;
        return value;
      } finally {
        end(isKept);
      }
    },
  });
}

/** An object of the platform, some of whose methods are others. */
function overriding<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(_, property) {
      if (Object.hasOwn(methods, property)) return Reflect.get(methods, property) as unknown;
      // The platform's methods and getters insist on their own `this`.
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
