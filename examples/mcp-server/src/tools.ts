/** What a model can do in the garden. */

import { tool } from "tmcp/utils";
import { z } from "zod";
import { BedSchema, garden, uriOf } from "./beds.ts";
import type { GardenServer } from "./server.ts";

/** How long a row takes to rake. */
const ROW_MS = 300;

const Confirmation = z.object({ replace: z.boolean().describe("Whether to dig up what is there") });

export function tools(server: GardenServer): void {
  server.tool(
    {
      name: "water",
      title: "Water a bed",
      description: "Gives water to a bed. Whoever follows the bed is told.",
      schema: z.object({ bed: BedSchema, amount: z.int().min(1).max(10) }),
    },
    async ({ bed, amount }) => {
      const { moisture } = await garden().water(bed, amount);
      // Goes to every session that subscribed, whichever isolate or object has it.
      server.changed("resource", uriOf(bed));
      return tool.text(`The moisture of the ${bed} bed is ${moisture} of 10.`);
    },
  );

  server.tool(
    {
      name: "plant",
      title: "Plant something",
      description: "Plants something in a bed. Asks the user before it digs anything up.",
      schema: z.object({ bed: BedSchema, plant: z.string().min(1).max(50) }),
    },
    async ({ bed, plant }) => {
      const { plant: before } = await garden().look(bed);
      if (before !== null) {
        // The user may take minutes: the answer comes in a request of its own, and finds this call again.
        const { action, content } = await server.elicitation(
          `There are ${before} in the ${bed} bed. Dig them up for ${plant}?`,
          Confirmation,
        );
        if (action !== "accept" || content?.replace !== true)
          return tool.text(`The ${before} stay in the ${bed} bed.`);
      }
      await garden().plant(bed, plant);
      server.changed("resource", uriOf(bed));
      return tool.text(`There are ${plant} in the ${bed} bed now.`);
    },
  );

  server.tool(
    {
      name: "rake",
      title: "Rake a bed",
      description: "Rakes a bed row by row, which takes a while. Tells its progress.",
      schema: z.object({ bed: BedSchema, rows: z.int().min(1).max(100) }),
    },
    async ({ bed, rows }) => {
      for (let row = 1; row <= rows; row += 1) {
        await new Promise((resolve) => setTimeout(resolve, ROW_MS));
        if (server.ctx.signal?.aborted === true) return tool.error("The raking was cancelled.");
        server.progress(row, rows, `Row ${row} of ${rows}`);
        // A client that does not want to read this sets its log level.
        server.log("debug", `Raked row ${row} of the ${bed} bed.`);
      }
      server.log("info", `Raked the whole ${bed} bed.`);
      return tool.text(`The ${bed} bed is raked.`);
    },
  );

  server.tool(
    {
      name: "advise",
      title: "Ask for advice",
      description: "Has the client's own model say what to do with a bed.",
      schema: z.object({ bed: BedSchema }),
    },
    async ({ bed }) => {
      const { plant, moisture } = await garden().look(bed);
      const text = `A bed with ${plant ?? "nothing"} in it has a moisture of ${moisture} of 10. What does it need? One sentence.`;
      const { content } = await server.message({
        messages: [{ role: "user", content: { type: "text", text } }],
        maxTokens: 200,
      });
      return tool.text(content.type === "text" ? content.text : "The model said nothing.");
    },
  );
}
