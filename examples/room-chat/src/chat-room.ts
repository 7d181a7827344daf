import { createRoomHandler } from "perdure/connection";
import type { Message } from "./contract.ts";

/** How much of a room is kept for those who come later. */
const KEPT_MESSAGES = 50;

/** A room: who is there, and what was said last. */
export class ChatRoom extends createRoomHandler<Env>({
  name: "ChatRoom",
  connectionBinding: "ChatUser",
}) {
  /** Keeps a message and sends it to everybody here, once for each id. */
  async say(message: Message): Promise<void> {
    const messages = this.#messages;
    if (messages.some(({ id }) => id === message.id)) return;
    this.ctx.storage.kv.put("messages", [...messages, message].slice(-KEPT_MESSAGES));
    await this.emit("said", message);
  }

  /** The last messages, oldest first. */
  async recent(): Promise<Message[]> {
    return this.#messages;
  }

  get #messages(): Message[] {
    return this.ctx.storage.kv.get<Message[]>("messages") ?? [];
  }
}
