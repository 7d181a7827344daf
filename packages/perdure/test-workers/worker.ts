import { DurableObject } from "cloudflare:workers";
import { SessionDO } from "../src/session/index.ts";

export {
  AuthSessionDO,
  DeviceSessionDO,
  UnconfiguredSessionDO,
} from "./objects/auth-session-dos.ts";
export { BoardDO, FullBoardDO, PlainShardDO } from "./objects/board-do.ts";
export { BytecodeDO } from "./objects/bytecode-do.ts";
export { CarelessSessionDO } from "./objects/careless-session-do.ts";
export { ChatSessionDO } from "./objects/chat-session-do.ts";
export { ClientUserDO } from "./objects/client-user-do.ts";
export { CountedSessionDO } from "./objects/counted-session-do.ts";
export { DataSessionDO } from "./objects/data-session-do.ts";
export { GatewaySessionDO } from "./objects/gateway-session-do.ts";
export { HookedSessionDO } from "./objects/hooked-session-do.ts";
export { KernelDO } from "./objects/kernel-do.ts";
export { LoginDO } from "../src/auth/index.ts";
export { LogDO } from "./objects/log-do.ts";
export { LongSessionDO } from "./objects/long-session-do.ts";
export { HookedRoom, PlainRoom, RoomUserDO } from "./objects/room-objects.ts";
export { ChannelUserDO, ContractUserDO } from "./objects/contract-user-do.ts";
export { EmittingUserDO } from "./objects/emitting-user-do.ts";
export { ListenLayer } from "./objects/listen-layer.ts";
export { LimitedUserDO } from "./objects/limited-user-do.ts";
export { SyncLayer } from "../src/mcp/index.ts";
export { CountedLayer, HastyLayer, PlainLayer, SmallLayer } from "./objects/mcp-layers.ts";
export { MetaUserDO } from "./objects/meta-user-do.ts";
export { MemoryBoardDO, RandomBoardDO } from "./objects/random-board-do.ts";
export { UserDO } from "./objects/user-do.ts";
export { StateDO } from "./objects/state-do.ts";
export { SessionDO, SessionIndexDO } from "../src/session/index.ts";

/** Configured without SQLite, as beginners do. */
export class PlainSessionDO extends SessionDO {}

/** Counts in memory and in storage, so that a test can see what an eviction takes and what it leaves. */
export class CounterDO extends DurableObject {
  #inMemory = 0;

  /** Adds one to both counters and returns them. */
  increment(): { inMemory: number; inStorage: number } {
    this.#inMemory += 1;
    const inStorage = (this.ctx.storage.kv.get<number>("count") ?? 0) + 1;
    this.ctx.storage.kv.put("count", inStorage);
    return { inMemory: this.#inMemory, inStorage };
  }
}

export default {
  fetch: () => new Response("perdure tests"),
} satisfies ExportedHandler;
