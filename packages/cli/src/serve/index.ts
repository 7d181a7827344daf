export { serveCommand } from "./command.ts";
export type { RunningServer, ServeOptions } from "./serve.ts";
export { serve } from "./serve.ts";
export type { ServeErrorCode } from "./serve-error.ts";
export { ServeError } from "./serve-error.ts";
