/** Stands in for `cloudflare:workers` in Node, where only the classes without the platform run. */
export function DurableObject(): never {
  throw new Error("There are no Durable Objects in Node; test this in workerd.");
}
