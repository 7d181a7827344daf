/** What is answered where no route is. */

import { PerdureError } from "../protocol/index.ts";
import { errorResponse } from "./problem.ts";

/** An app under construction, whatever its environment. */
interface RoutedApp {
  readonly routes: readonly { readonly path: string; readonly method: string }[];
  readonly all: (path: string, handler: () => Response) => unknown;
}

/** Refuses the methods that no route of a path has, with `method_not_allowed`. Call it when all routes are there. */
export function refuseOtherMethods(app: RoutedApp): void {
  const methodsOf = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    const methods = methodsOf.get(path) ?? new Set();
    methodsOf.set(path, methods.add(method));
  }
  for (const [path, methods] of methodsOf) {
    // HEAD is GET without the body.
    if (methods.has("GET")) methods.add("HEAD");
    const allow = [...methods].join(", ");
    app.all(path, () =>
      errorResponse(
        new PerdureError(
          "method_not_allowed",
          `This path does not know the method: use one of ${allow}.`,
        ),
        { allow },
      ),
    );
  }
}

/** The answer for a path that does not exist. */
export function notFound(): never {
  throw new PerdureError("not_found", "There is nothing at this path: see the list of routes.");
}
