/** The one garden, and the names of its beds as resources. */

import { env } from "cloudflare:workers";
import { z } from "zod";
import { BEDS, type BedName } from "./garden.ts";

/** The object of the garden. Yours may be one for each user. */
export const garden = () => env.GARDEN.getByName("garden");

export const BedSchema = z.enum(BEDS);

/** Where a client reads a bed, and whose changes it follows. */
export const uriOf = (bed: BedName) => `garden://bed/${bed}`;
