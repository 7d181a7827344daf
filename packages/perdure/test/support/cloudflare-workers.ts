/** Stands in for `cloudflare:workers` in Node, where only the classes without the platform run. */
export class DurableObject {}
