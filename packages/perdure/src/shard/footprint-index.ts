/** Which live queries a change concerns. */

import type { Footprint } from "./footprint.ts";
import { ANY_VALUES, EVERYTHING } from "./footprint.ts";

/** Finds queries by the rows that they have read. */
export class FootprintIndex<Query> {
  /** Those that read anything of a table. */
  readonly #ofTable = new Index<Query>();
  /** Those that read all of a table. */
  readonly #ofWhole = new Index<Query>();
  /** Those that read some rows, by table, columns and values. */
  readonly #ofSome = new Index<Query>();
  /** The same, by table and columns. */
  readonly #ofColumns = new Index<Query>();
  /** The columns by which rows of a table are read: by their JSON, with how often. */
  readonly #columns = new Map<string, Map<string, number>>();

  add(query: Query, footprint: Footprint): void {
    for (const rows of footprint) {
      const [table, columns] = rows;
      this.#ofTable.add(table, query);
      if (columns === undefined) this.#ofWhole.add(table, query);
      else {
        this.#ofSome.add(JSON.stringify(rows), query);
        this.#ofColumns.add(JSON.stringify([table, columns]), query);
        this.#countColumns(table, JSON.stringify(columns), 1);
      }
    }
  }

  /** Takes out what was added with the same footprint. */
  remove(query: Query, footprint: Footprint): void {
    for (const rows of footprint) {
      const [table, columns] = rows;
      this.#ofTable.remove(table, query);
      if (columns === undefined) this.#ofWhole.remove(table, query);
      else {
        this.#ofSome.remove(JSON.stringify(rows), query);
        this.#ofColumns.remove(JSON.stringify([table, columns]), query);
        this.#countColumns(table, JSON.stringify(columns), -1);
      }
    }
  }

  /** Lists of columns whose values have to be known of each row of a table that changes. */
  columnsOf(table: string): readonly (readonly string[])[] {
    return [...(this.#columns.get(table)?.keys() ?? [])].map(
      (columns) => JSON.parse(columns) as readonly string[],
    );
  }

  /** Queries that have read some of these rows. */
  meeting(changed: Footprint): ReadonlySet<Query> {
    const found = new Set<Query>();
    const addAll = (queries: Iterable<Query>) => {
      for (const query of queries) found.add(query);
    };
    if (changed.length > 0) addAll(this.#ofTable.get(EVERYTHING));
    for (const rows of changed) {
      const [table, columns] = rows;
      if (table === EVERYTHING) addAll(this.#ofTable.all());
      else if (columns === undefined) addAll(this.#ofTable.get(table));
      else {
        addAll(this.#ofWhole.get(table));
        if (rows[2] === ANY_VALUES) addAll(this.#ofColumns.get(JSON.stringify([table, columns])));
        else addAll(this.#ofSome.get(JSON.stringify(rows)));
      }
    }
    return found;
  }

  #countColumns(table: string, columns: string, by: 1 | -1): void {
    const counts = this.#columns.get(table) ?? new Map<string, number>();
    const count = (counts.get(columns) ?? 0) + by;
    if (count > 0) counts.set(columns, count);
    else counts.delete(columns);
    this.#columns.set(table, counts);
  }
}

/** Sets by name. */
class Index<Item> {
  readonly #sets = new Map<string, Set<Item>>();

  add(name: string, item: Item): void {
    const set = this.#sets.get(name);
    if (set === undefined) this.#sets.set(name, new Set([item]));
    else set.add(item);
  }

  remove(name: string, item: Item): void {
    const set = this.#sets.get(name);
    set?.delete(item);
    if (set?.size === 0) this.#sets.delete(name);
  }

  get(name: string): Iterable<Item> {
    return this.#sets.get(name) ?? [];
  }

  *all(): Iterable<Item> {
    for (const set of this.#sets.values()) yield* set;
  }
}
