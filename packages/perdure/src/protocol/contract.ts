/** What both ends of a connection say to each other: names of events, and what the data of each is. */

import type { StandardSchemaV1 } from "@standard-schema/spec";
import { PerdureError } from "./errors.ts";
import { nameOf } from "./fields.ts";
import { validated } from "./standard.ts";

/** Events by name, each with any Standard Schema (zod, valibot, arktype …) of its data. Validation must be synchronous. */
export type EventSchemas = Readonly<Record<string, StandardSchemaV1>>;

/** What a connection's object and its clients send each other. */
export interface Contract<
  Server extends EventSchemas = EventSchemas,
  Client extends EventSchemas = EventSchemas,
> {
  /** What the object sends. */
  readonly serverEvents: Server;
  /** What clients send. */
  readonly clientEvents: Client;
}

/** The data of each event: what its sender gives, and what its receiver gets. They differ where a schema transforms. */
export type EventData<Schemas extends EventSchemas> = {
  readonly [Event in keyof Schemas]: {
    readonly sent: StandardSchemaV1.InferInput<Schemas[Event]>;
    readonly received: StandardSchemaV1.InferOutput<Schemas[Event]>;
  };
};

/** The data of what the object sends: `ServerEvents<typeof contract>["message"]["received"]` is what a client gets. */
export type ServerEvents<C extends Contract> = EventData<C["serverEvents"]>;

/** The data of what clients send: `ClientEvents<typeof contract>["message"]["received"]` is what a handler gets. */
export type ClientEvents<C extends Contract> = EventData<C["clientEvents"]>;

/**
 * Names the events of a connection once, for both ends. Put it in a file that the Worker and the page import, and take this from
 * `perdure/protocol` there, which needs the types of neither.
 *
 * Data is checked where it is sent and again where it arrives. It travels as it was given, not as its schema makes of it, so a
 * schema that transforms does that at the receiver: `z.coerce.date()` takes the ISO text that a Date becomes on the way.
 */
export function defineContract<Server extends EventSchemas, Client extends EventSchemas>(
  contract: Contract<Server, Client>,
): Contract<Server, Client> {
  return contract;
}

/**
 * Checks the data of an event against its side of a contract.
 *
 * @param schemas `contract.clientEvents` for what clients send, `contract.serverEvents` for what the object sends.
 * @returns What the event's schema makes of the data.
 * @throws PerdureError `bad_request` for an event that is not there, and for data that does not fit, with `extra.issues`: a list of
 * `{ path, message }`. TypeError for a schema that is asynchronous.
 */
export function checkEvent<Schemas extends EventSchemas, Event extends keyof Schemas & string>(
  schemas: Schemas,
  event: Event,
  data: unknown,
): StandardSchemaV1.InferOutput<Schemas[Event]>;
export function checkEvent(schemas: EventSchemas, event: string, data: unknown): unknown {
  const schema = Object.hasOwn(schemas, event) ? schemas[event] : undefined;
  if (schema === undefined)
    throw new PerdureError("bad_request", `The contract has no event ${nameOf(event)} this way.`);
  return validated(schema, data, `The data of the event ${nameOf(event)}`);
}
