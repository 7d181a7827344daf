import type {
  InfoSessionManager,
  StreamSessionManager,
  SubscriptionManager,
} from "@tmcp/session-manager";
import type { HttpTransport, HttpTransportOptions } from "@tmcp/transport-http";
import type { SseTransport, SseTransportOptions } from "@tmcp/transport-sse";
import type { McpServer } from "tmcp";
import { expectTypeOf, test } from "vitest";
import type {
  ConnectionIdentity,
  DurableMcpOptions,
  DurableObjectSessionManager,
  McpHandler,
  McpTransport,
} from "../../src/mcp/index.ts";

type Manager = DurableObjectSessionManager;

test("F77 the manager is what tmcp publishes, and fits into its transports", () => {
  expectTypeOf<Manager["streams"]>().toExtend<StreamSessionManager>();
  expectTypeOf<Manager["info"]>().toExtend<InfoSessionManager>();
  expectTypeOf<Manager["subscriptionManager"]>().toExtend<SubscriptionManager>();
  expectTypeOf<Manager>().toExtend<StreamSessionManager>();
  expectTypeOf<Manager>().toExtend<NonNullable<HttpTransportOptions["sessionManager"]>>();
  expectTypeOf<Manager>().toExtend<NonNullable<SseTransportOptions["sessionManager"]>>();
  expectTypeOf<Manager["subscriptionManager"]>().toExtend<
    NonNullable<HttpTransportOptions["subscriptionManager"]>
  >();
});

test("F77 the manager's own methods are those of its documentation", () => {
  type Binding = ConstructorParameters<typeof DurableObjectSessionManager>[0];
  expectTypeOf<Binding>().toEqualTypeOf<string | undefined>();
  expectTypeOf<Manager["create"]>().toEqualTypeOf<
    (id: string, controller: ReadableStreamDefaultController) => Promise<void>
  >();
  expectTypeOf<Manager["delete"]>().toEqualTypeOf<(id: string) => Promise<void>>();
  expectTypeOf<Manager["has"]>().toEqualTypeOf<(id: string) => Promise<boolean>>();
  expectTypeOf<Manager["send"]>().toEqualTypeOf<
    (sessions: string[] | undefined, data: string) => Promise<void>
  >();
});

test("F77 the wrapper takes tmcp's server and transports, and is a Worker", () => {
  interface Env {
    readonly SECRET: string;
  }
  expectTypeOf<HttpTransport>().toExtend<McpTransport>();
  expectTypeOf<SseTransport>().toExtend<McpTransport>();
  expectTypeOf<McpServer>().toExtend<NonNullable<DurableMcpOptions["server"]>>();
  expectTypeOf<McpHandler<Env>>().toExtend<ExportedHandler<Env>>();
  type Options = DurableMcpOptions<Env>;
  expectTypeOf<{ secret: (env: Env) => string }>().toExtend<Options>();
  expectTypeOf<{
    authenticate: (request: Request, env: Env) => Promise<ConnectionIdentity | null>;
  }>().toExtend<Options>();
});
