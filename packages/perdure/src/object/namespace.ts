/** Bindings of Durable Objects, and what to do about one that is not there. */

import { isObject, PerdureError } from "../protocol/index.ts";

/** A binding of Durable Objects, as far as it is needed here. */
export interface Namespace<Stub> {
  getByName(name: string): Stub;
}

/**
 * The binding of this name.
 *
 * @param className The class that it should have, for the error; default: the same name.
 * @throws A `PerdureError`: `broken` with the lines to add where there is none.
 */
export function namespaceOf<Stub>(
  env: unknown,
  binding: string,
  className = binding,
): Namespace<Stub> {
  const namespace = isObject(env) && Object.hasOwn(env, binding) ? env[binding] : undefined;
  if (isNamespace(namespace)) return namespace as Namespace<Stub>;
  throw new PerdureError("broken", missingBinding(binding, className));
}

/** Whether a value is a binding of Durable Objects, or a stand-in for one. */
export function isNamespace(value: unknown): boolean {
  return isObject(value) && typeof value["getByName"] === "function";
}

/** The binding of the class that an object is of: the one in which the object's name has the object's id. */
export function ownNamespace<Stub>(
  env: unknown,
  id: { readonly name?: string },
): Namespace<Stub> | undefined {
  const { name } = id;
  if (name === undefined || !isObject(env)) return undefined;
  return Object.values(env)
    .filter(isPlatformNamespace<Stub>)
    .find((namespace) => namespace.idFromName(name).equals(id));
}

/** What to do about a binding that is not there. */
export function missingBinding(binding: string, className = binding): string {
  return (
    `The binding ${binding} is missing: add { "name": "${binding}", "class_name": "${className}" } to durable_objects.bindings ` +
    `and { "tag": "${className}", "new_sqlite_classes": ["${className}"] } to migrations in wrangler.jsonc, and export the class ` +
    `${className} from the Worker's main module.`
  );
}

/** A service answers to any name of a method, so only the platform's tag tells bindings apart. */
function isPlatformNamespace<Stub>(value: unknown): value is Namespace<Stub> & {
  idFromName(name: string): { equals(id: object): boolean };
} {
  return Object.prototype.toString.call(value) === "[object DurableObjectNamespace]";
}
