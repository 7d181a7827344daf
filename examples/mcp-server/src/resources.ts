/** What a client can read and follow. */

import { resource } from "tmcp/utils";
import { garden, uriOf } from "./beds.ts";
import { BEDS } from "./garden.ts";
import type { GardenServer } from "./server.ts";

export function resources(server: GardenServer): void {
  for (const bed of BEDS)
    server.resource(
      {
        name: bed,
        title: `The ${bed} bed`,
        description: "What grows there, and how wet it is.",
        uri: uriOf(bed),
        mimeType: "application/json",
      },
      async (uri) => {
        const state = JSON.stringify(await garden().look(bed));
        return resource.text(uri, state, "application/json");
      },
    );
}
