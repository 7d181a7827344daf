import { expectTypeOf, test } from "vitest";
import type { ShardServerFrame, SubscribeFrame } from "../../src/protocol/index.ts";
import type {
  HibernatableWebSocket,
  MutationDelta,
  ShardDOState,
  SubscriptionEnvelope,
} from "../../src/shard/index.ts";

test("Z124 the stable types are those of the wire and of the platform", () => {
  expectTypeOf<Extract<ShardServerFrame, { readonly t: "commit" }>>().toExtend<MutationDelta>();
  expectTypeOf<MutationDelta>().toExtend<ShardServerFrame>();
  expectTypeOf<SubscribeFrame>().toExtend<SubscriptionEnvelope>();
  expectTypeOf<SubscriptionEnvelope>().toExtend<SubscribeFrame>();
  expectTypeOf<WebSocket>().toExtend<HibernatableWebSocket>();
  expectTypeOf<DurableObjectState>().toExtend<ShardDOState>();
});
