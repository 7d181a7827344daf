import type { SessionDO, SessionIndexDO } from "../src/session/index.ts";
import type {
  AuthSessionDO,
  DeviceSessionDO,
  UnconfiguredSessionDO,
} from "./objects/auth-session-dos.ts";
import type { BytecodeDO } from "./objects/bytecode-do.ts";
import type { CarelessSessionDO } from "./objects/careless-session-do.ts";
import type { ChatSessionDO } from "./objects/chat-session-do.ts";
import type { ClientUserDO } from "./objects/client-user-do.ts";
import type { CountedSessionDO } from "./objects/counted-session-do.ts";
import type { DataSessionDO } from "./objects/data-session-do.ts";
import type { GatewaySessionDO } from "./objects/gateway-session-do.ts";
import type { HookedSessionDO } from "./objects/hooked-session-do.ts";
import type { KernelDO } from "./objects/kernel-do.ts";
import type { LogDO } from "./objects/log-do.ts";
import type { LongSessionDO } from "./objects/long-session-do.ts";
import type { HookedRoom, PlainRoom, RoomUserDO } from "./objects/room-objects.ts";
import type { ChannelUserDO, ContractUserDO } from "./objects/contract-user-do.ts";
import type { EmittingUserDO } from "./objects/emitting-user-do.ts";
import type { ListenLayer } from "./objects/listen-layer.ts";
import type { LimitedUserDO } from "./objects/limited-user-do.ts";
import type { MetaUserDO } from "./objects/meta-user-do.ts";
import type { BoardDO, FullBoardDO, PlainShardDO } from "./objects/board-do.ts";
import type { LoginDO } from "../src/auth/index.ts";
import type { MemoryBoardDO, RandomBoardDO } from "./objects/random-board-do.ts";
import type { UserDO } from "./objects/user-do.ts";
import type { StateDO } from "./objects/state-do.ts";
import type { SyncLayer } from "../src/mcp/index.ts";
import type { CountedLayer, HastyLayer, PlainLayer, SmallLayer } from "./objects/mcp-layers.ts";
import type { CounterDO, PlainSessionDO } from "./worker.ts";

declare global {
  namespace Cloudflare {
    /** The bindings of `wrangler.jsonc` beside this file. */
    interface Env {
      AUTH_SESSION: DurableObjectNamespace<AuthSessionDO>;
      BOARD: DurableObjectNamespace<BoardDO>;
      BYTECODE: DurableObjectNamespace<BytecodeDO>;
      CARELESS_SESSION: DurableObjectNamespace<CarelessSessionDO>;
      CHAT_SESSION: DurableObjectNamespace<ChatSessionDO>;
      CLIENT_USER: DurableObjectNamespace<ClientUserDO>;
      COUNTED_SESSION: DurableObjectNamespace<CountedSessionDO>;
      COUNTER: DurableObjectNamespace<CounterDO>;
      DATA_SESSION: DurableObjectNamespace<DataSessionDO>;
      DEVICE_SESSION: DurableObjectNamespace<DeviceSessionDO>;
      FULL_BOARD: DurableObjectNamespace<FullBoardDO>;
      GATEWAY_SESSION: DurableObjectNamespace<GatewaySessionDO>;
      HOOKED_SESSION: DurableObjectNamespace<HookedSessionDO>;
      HOOKED_ROOM: DurableObjectNamespace<HookedRoom>;
      KERNEL: DurableObjectNamespace<KernelDO>;
      LOG: DurableObjectNamespace<LogDO>;
      LOGINS: DurableObjectNamespace<LoginDO>;
      LONG_SESSION: DurableObjectNamespace<LongSessionDO>;
      PLAIN_SESSION: DurableObjectNamespace<PlainSessionDO>;
      PLAIN_SHARD: DurableObjectNamespace<PlainShardDO>;
      MEMORY_BOARD: DurableObjectNamespace<MemoryBoardDO>;
      RANDOM_BOARD: DurableObjectNamespace<RandomBoardDO>;
      PLAIN_ROOM: DurableObjectNamespace<PlainRoom>;
      ROOM_USER: DurableObjectNamespace<RoomUserDO>;
      SESSION_DO: DurableObjectNamespace<SessionDO>;
      SESSION_DO_SECRET: string;
      SESSION_DO_SECRET_PREVIOUS: string;
      SESSION_INDEX: DurableObjectNamespace<SessionIndexDO>;
      STATE: DurableObjectNamespace<StateDO>;
      UNCONFIGURED_SESSION: DurableObjectNamespace<UnconfiguredSessionDO>;
      CHANNEL_USER: DurableObjectNamespace<InstanceType<typeof ChannelUserDO>>;
      CONTRACT_USER: DurableObjectNamespace<InstanceType<typeof ContractUserDO>>;
      EMITTING_USER: DurableObjectNamespace<EmittingUserDO>;
      LISTEN_MCP: DurableObjectNamespace<ListenLayer>;
      LIMITED_USER: DurableObjectNamespace<InstanceType<typeof LimitedUserDO>>;
      META_USER: DurableObjectNamespace<MetaUserDO>;
      TMCP_DURABLE_OBJECT: DurableObjectNamespace<SyncLayer>;
      COUNTED_MCP: DurableObjectNamespace<CountedLayer>;
      HASTY_MCP: DurableObjectNamespace<HastyLayer>;
      PLAIN_MCP: DurableObjectNamespace<PlainLayer>;
      SMALL_MCP: DurableObjectNamespace<SmallLayer>;
      USER: DurableObjectNamespace<UserDO>;
    }
  }
}
