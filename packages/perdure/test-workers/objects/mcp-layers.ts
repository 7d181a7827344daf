import { SyncLayer } from "../../src/mcp/index.ts";

/** Waits for a lost writer for a moment only, and expires soon. */
export class HastyLayer extends SyncLayer {
  static override readonly writerGraceMs = 50;
  static override readonly sessionIdleMs = 8_000;
}

/** Keeps little. */
export class SmallLayer extends SyncLayer {
  static override readonly maxMessages = 16;
  static override readonly maxLength = 4_000;
}
