import { SyncLayer } from "../../src/mcp/index.ts";

/** Waits for a lost writer for a moment only, and expires soon. */
export class HastyLayer extends SyncLayer {
  static override readonly writerGraceMs = 50;
  static override readonly sessionIdleMs = 8_000;
}

/** Configured without SQLite, as its published predecessor was. */
export class PlainLayer extends SyncLayer {}

/** Keeps little. */
export class SmallLayer extends SyncLayer {
  static override readonly maxMessages = 16;
  static override readonly maxLength = 4_000;
}
