import { DurableObject } from "cloudflare:workers";

/** A database in which tests work themselves. */
export class BytecodeDO extends DurableObject {}
