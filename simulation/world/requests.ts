/** Every command that anybody asked for, and every answer that reached anybody. */

import type { Command, Role } from "../../packages/perdure/src/protocol/index.ts";
import type { Answer } from "./page.ts";

/** Who asks. */
export interface Sender {
  readonly subject: string;
  readonly role: Role;
}

/** What somebody asked for. The same thing asked for again has the same label. */
export interface Request {
  readonly label: string;
  /** The command's id; undefined where the client has chosen one of its own. */
  readonly id: string | undefined;
  readonly command: Command;
  readonly by: Sender;
}

/** A request with what was answered to it. */
export interface AnsweredRequest extends Request {
  readonly answers: Answer[];
}

/** All requests of one world. */
export class Requests {
  /** Ids of commands that came by HTTP, too. */
  readonly posted = new Set<string>();
  readonly #all = new Map<string, AnsweredRequest>();

  add(request: Request): void {
    if (!this.#all.has(request.label)) this.#all.set(request.label, { ...request, answers: [] });
  }

  /** Somebody was answered. */
  answer(label: string, answer: Answer): void {
    this.#all.get(label)?.answers.push(answer);
  }

  get all(): readonly AnsweredRequest[] {
    return [...this.#all.values()];
  }

  /** Whether a request was accepted, and somebody knows. */
  isAccepted(label: string): boolean {
    return this.#all.get(label)?.answers.some(({ ok }) => ok) === true;
  }
}
