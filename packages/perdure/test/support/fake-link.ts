import type { Attachment, Link } from "../../src/object/index.ts";
import type { RunnerServerFrame, ServerFrame } from "../../src/protocol/index.ts";

/** A socket whose frames a test can read. */
export class FakeLink implements Link {
  attachment: Attachment;
  /** Frames that nobody has taken yet. */
  readonly texts: string[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;

  constructor(attachment: Attachment) {
    this.attachment = attachment;
  }

  attach(change: Partial<Attachment>): void {
    this.attachment = { ...this.attachment, ...change };
  }

  send(text: string): boolean {
    if (this.closed !== undefined) return false;
    this.texts.push(text);
    return true;
  }

  close(code: number, reason: string): void {
    this.closed ??= { code, reason };
  }

  /** All frames so far; asking takes them. */
  take(): (ServerFrame | string)[] {
    return this.texts.splice(0).map((text) => JSON.parse(text) as ServerFrame | string);
  }

  /** All frames so far, of a runner's socket; asking takes them. */
  takeAsRunner(): RunnerServerFrame[] {
    return this.texts.splice(0).map((text) => JSON.parse(text) as RunnerServerFrame);
  }

  /** Bytes so far; asking takes the frames. */
  takeBytes(): number {
    return this.texts.splice(0).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  }

  /** What the frames so far are, in short: the `t` of each, or `text` for a bare string. Leaves them. */
  get kinds(): string[] {
    return this.texts.map((text) => {
      const frame = JSON.parse(text) as ServerFrame | string;
      return typeof frame === "string" ? "text" : frame.t;
    });
  }
}
