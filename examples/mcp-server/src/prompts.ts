/** What a user can have a model do, from a menu of the client. */

import { prompt } from "tmcp/utils";
import { z } from "zod";
import { uriOf } from "./beds.ts";
import { BEDS } from "./garden.ts";
import type { GardenServer } from "./server.ts";

const SEASONS = ["spring", "summer", "autumn", "winter"];

/** What begins as the user has begun to type. */
const completing = (values: readonly string[]) => (typed: string) => ({
  completion: { values: values.filter((value) => value.startsWith(typed)) },
});

export function prompts(server: GardenServer): void {
  server.prompt(
    {
      name: "plan",
      title: "Plan a bed",
      description: "Plans what to grow in a bed in a season.",
      schema: z.object({ bed: z.string(), season: z.string() }),
      complete: { bed: completing(BEDS), season: completing(SEASONS) },
    },
    ({ bed, season }) => {
      const known = BEDS.find((name) => name === bed);
      if (known === undefined) throw new Error(`There is no ${bed} bed, only ${BEDS.join(", ")}.`);
      return prompt.text(
        `Read ${uriOf(known)}, then plan what to grow in the ${bed} bed this ${season}.`,
      );
    },
  );
}
