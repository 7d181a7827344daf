/** What grows where: an object of the app's own, which has nothing to do with MCP. */

import { DurableObject } from "cloudflare:workers";

/** The beds that there are; each is a resource. */
export const BEDS = ["north", "south", "greenhouse"] as const;

export type BedName = (typeof BEDS)[number];

/** One bed. */
export interface Bed {
  readonly name: BedName;
  /** What grows in it; null: nothing. */
  readonly plant: string | null;
  /** 0 (dry) to 10 (wet). */
  readonly moisture: number;
}

export class Garden extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS beds (name TEXT PRIMARY KEY, plant TEXT, moisture INTEGER NOT NULL)",
    );
  }

  /** How a bed is; one that nobody has touched is empty and half dry. */
  look(name: BedName): Bed {
    const [bed] = this.#sql
      .exec<{ plant: string | null; moisture: number }>(
        "SELECT plant, moisture FROM beds WHERE name = ?",
        name,
      )
      .toArray();
    return { name, plant: null, moisture: 5, ...bed };
  }

  /** Puts a plant into a bed, in place of what was there. */
  plant(name: BedName, plant: string): Bed {
    return this.#keep({ ...this.look(name), plant });
  }

  /** Gives water to a bed, of which it holds no more than 10. */
  water(name: BedName, amount: number): Bed {
    const { moisture, ...bed } = this.look(name);
    return this.#keep({ ...bed, moisture: Math.min(10, moisture + amount) });
  }

  #keep(bed: Bed): Bed {
    this.#sql.exec(
      "INSERT OR REPLACE INTO beds (name, plant, moisture) VALUES (?, ?, ?)",
      bed.name,
      bed.plant,
      bed.moisture,
    );
    return bed;
  }
}
