import { z } from "zod";
import type { Task } from "../../src/protocol/index.ts";
import { SessionDO } from "../../src/session/index.ts";

const META = z.object({
  title: z.string().optional(),
  language: z.enum(["en", "de"]).default("en"),
  rating: z.number().min(1).max(5).optional(),
});

/** Whether the class has the switch for search. */
export const search = { isOn: true };

/** Tasks that an object was told of. */
export const due: string[] = [];

/** A session whose author uses every option for its data. */
export class DataSessionDO extends SessionDO<unknown, z.infer<typeof META>> {
  static override get searchable(): boolean {
    return search.isOn;
  }

  protected override readonly metaSchema = META;

  /** Rows read and written so far. */
  rows(): { readonly read: number; readonly written: number } {
    const { read, written } = this.sql.counts;
    return { read, written };
  }

  protected override onTaskDue({ id, payload }: Task): void {
    due.push(`${id} ${JSON.stringify(payload)}`);
  }
}
