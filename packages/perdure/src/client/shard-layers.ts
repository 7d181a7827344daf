/** What mutations show before they are answered: layers over the server's results, one for each, in the order of the calls. */

/** Shows another result of a query. */
export interface OptimisticUpdate {
  /** Of the query. */
  readonly key: string;
  readonly change: (value: unknown) => unknown;
}

interface Layer {
  updates: readonly OptimisticUpdate[];
  /** That of its commit, once it is known: a result as of there has what the mutation did. */
  position: number | undefined;
}

export class OptimisticLayers {
  readonly #layers = new Map<string, Layer>();
  /** Rises with every change. */
  #version = 0;

  get version(): number {
    return this.#version;
  }

  has(id: string): boolean {
    return this.#layers.has(id);
  }

  /** @param id Of the mutation. */
  add(id: string, updates: readonly OptimisticUpdate[]): void {
    this.#layers.set(id, { updates, position: undefined });
    this.#version += 1;
  }

  /** The mutation has its effect: results as of this position show it by themselves. */
  settle(id: string, position: number): void {
    const layer = this.#layers.get(id);
    if (layer === undefined) return;
    layer.position = position;
    this.#version += 1;
  }

  /** Removes those of mutations that do not wait any more and had no effect. @param waiting Ids of those that wait. */
  keep(waiting: ReadonlySet<string>): void {
    for (const [id, { position }] of this.#layers)
      if (position === undefined && !waiting.has(id)) {
        this.#layers.delete(id);
        this.#version += 1;
      }
  }

  /** Removes what no result needs any more. @param isBehind Whether a query shows a result from before a position. */
  prune(isBehind: (key: string, position: number) => boolean): void {
    for (const [id, { updates, position }] of this.#layers)
      if (position !== undefined && !updates.some(({ key }) => isBehind(key, position)))
        this.#layers.delete(id);
  }

  /** A query's result with all that waits. @param position What the result is as of. */
  apply(key: string, position: number, value: unknown): unknown {
    let shown = value;
    for (const layer of this.#layers.values()) {
      if (layer.position !== undefined && layer.position <= position) continue;
      try {
        for (const update of layer.updates) if (update.key === key) shown = update.change(shown);
      } catch (error) {
        // The page's to see, as of a listener; the mutation goes on without it.
        layer.updates = [];
        queueMicrotask(() => {
          throw error;
        });
      }
    }
    return shown;
  }
}
