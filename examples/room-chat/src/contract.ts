/** What the Worker and its page say to each other. */

import type { ServerEvents } from "perdure/protocol";
import { defineContract } from "perdure/protocol";
// Zod without its methods: a page loads what it uses.
import * as z from "zod/mini";

/** Where people talk. */
export const ROOMS = ["lobby", "garden"] as const;

const message = z.object({
  id: z.string(),
  userId: z.string(),
  name: z.string(),
  text: z.string(),
  at: z.number(),
});

const settings = z.object({
  name: z.string().check(z.trim(), z.minLength(1), z.maxLength(40)),
  theme: z.enum(["light", "dark"]),
});

export const contract = defineContract({
  clientEvents: {
    // The id is the sender's, so that a message that is sent again is said once.
    say: z.object({
      id: z.uuid(),
      text: z.string().check(z.trim(), z.minLength(1), z.maxLength(2_000)),
    }),
    set: z.partial(settings),
  },
  serverEvents: {
    settings: z.extend(settings, { said: z.number() }),
    history: z.array(message),
    said: message,
  },
});

export type Message = ServerEvents<typeof contract>["said"]["received"];
export type Settings = ServerEvents<typeof contract>["settings"]["received"];
