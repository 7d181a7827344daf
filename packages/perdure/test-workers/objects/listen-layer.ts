import { SyncLayer } from "../../src/mcp/index.ts";

/** Registries that no other test uses. */
export class ListenLayer extends SyncLayer {}
