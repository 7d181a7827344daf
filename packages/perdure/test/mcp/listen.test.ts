import type { SubscriptionManager } from "@tmcp/session-manager";
import { InMemorySubscriptionManager, matchesSubscription } from "@tmcp/session-manager";
import { expect, expectTypeOf, test } from "vitest";
import type { ListenHandlers, ListenReach } from "../../src/mcp/listen.ts";
import { ListenStreams } from "../../src/mcp/listen.ts";
import { listenerMetaOf, notifyListeners } from "../../src/mcp/listeners.ts";
import type { Notification, SubscriptionFilter } from "../../src/mcp/subscription-filter.ts";
import {
  everyNotification,
  isForStreams,
  matchesFilter,
} from "../../src/mcp/subscription-filter.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeLink } from "../support/fake-link.ts";
import { randomFrom } from "../support/random.ts";

const TOOLS: Notification = { jsonrpc: "2.0", method: "notifications/tools/list_changed" };
const updated = (uri: string): Notification => ({
  jsonrpc: "2.0",
  method: "notifications/resources/updated",
  params: { uri },
});

/** Both have the same rules. */
type Manager = Pick<InMemorySubscriptionManager, "create" | "send" | "close" | "closeAll">;

const METHODS = [
  "notifications/tools/list_changed",
  "notifications/prompts/list_changed",
  "notifications/resources/list_changed",
  "notifications/resources/updated",
  "notifications/message",
  "notifications/tools/list_changed ",
  "toString",
];

test("F130 a notification matches a filter as tmcp's own manager has it", () => {
  const random = randomFrom(130);
  const pick = <T>(values: readonly T[]): T | undefined =>
    values[Math.floor(random() * values.length)];
  const flag = () => pick([true, false, undefined]);
  let matches = 0;
  for (let turn = 0; turn < 5_000; turn += 1) {
    const uris = [["file:///a"], ["file:///a", "file:///b"], [], undefined];
    const filters = JSON.parse(
      JSON.stringify({
        toolsListChanged: flag(),
        promptsListChanged: flag(),
        resourcesListChanged: flag(),
        resourceSubscriptions: pick(uris),
      }),
    ) as SubscriptionFilter;
    const notification: Notification = {
      jsonrpc: "2.0",
      method: pick(METHODS) ?? "",
      params: pick([{ uri: "file:///a" }, { uri: "file:///b" }, { uri: 1 }, {}, [], undefined]),
    };
    const expected = matchesSubscription(filters, notification);
    matches += expected ? 1 : 0;
    expect(matchesFilter(filters, notification)).toBe(expected);
    // What crosses the registry says the same.
    const meta = listenerMetaOf(JSON.parse(JSON.stringify({ as: "listener", filters })));
    expect(meta && matchesFilter(meta.filters, notification)).toBe(expected);
    expect(isForStreams(notification.method) || !expected).toBe(true);
  }
  expect(matches).toBeGreaterThan(500);
});

test("F130 everything that a filter asks for matches it", () => {
  const filters = {
    toolsListChanged: true,
    promptsListChanged: true,
    resourcesListChanged: true,
    resourceSubscriptions: ["file:///a", "file:///b"],
  };
  const all = everyNotification(filters);
  expect(all).toHaveLength(5);
  expect(all.filter((one) => !matchesSubscription(filters, one))).toEqual([]);
  expect(everyNotification({ toolsListChanged: false })).toEqual([]);
});

const link = (meta: object) =>
  new FakeLink({
    kind: "mcp",
    role: "viewer",
    subject: "",
    expiresAt: null,
    id: "1",
    connectedAt: 0,
    meta,
  });

test("F131 a registry tells the sockets whose filters match, and no others", () => {
  const tools = link({ as: "listener", filters: { toolsListChanged: true } });
  const file = link({ as: "listener", filters: { resourceSubscriptions: ["file:///a"] } });
  const other = link({ as: "reader", stream: "0", filters: { toolsListChanged: true } });
  const links = [tools, file, other];
  expect(notifyListeners(links, JSON.stringify(TOOLS))).toBe(1);
  expect(notifyListeners(links, JSON.stringify(updated("file:///a")))).toBe(1);
  expect(notifyListeners(links, JSON.stringify(updated("file:///b")))).toBe(0);
  for (const text of ["", "null", "[]", "{}", '{"method":1}', '{"method":"notifications/message"}'])
    expect(notifyListeners(links, text)).toBe(0);
  expect(tools.texts).toEqual([JSON.stringify(TOOLS)]);
  expect(file.texts).toEqual([JSON.stringify(updated("file:///a"))]);
  expect(other.texts).toEqual([]);
});

/** Streams whose registry is here. */
class World {
  readonly clock = new FakeClock();
  readonly sockets: { filters: SubscriptionFilter; handlers: ListenHandlers; isOpen: boolean }[] =
    [];
  /** What opening a socket waits for, or rejects with. */
  opening: () => Promise<void> = async () => {};
  opened = 0;
  notified = 0;
  readonly streams = new ListenStreams(this.#reach());

  get open() {
    return this.sockets.filter(({ isOpen }) => isOpen);
  }

  notify(notification: Notification): void {
    for (const { filters, handlers } of this.open)
      if (matchesFilter(filters, notification)) handlers.message(JSON.stringify(notification));
  }

  /** Every socket is lost. */
  cut(): void {
    for (const socket of this.open) {
      socket.isOpen = false;
      socket.handlers.lost();
    }
  }

  #reach(): ListenReach {
    return {
      clock: this.clock,
      random: () => 1,
      notify: async (text) => {
        this.notified += 1;
        this.notify(JSON.parse(text) as Notification);
      },
      open: async (_origin, filters, handlers) => {
        this.opened += 1;
        await this.opening();
        const socket = { filters, handlers, isOpen: true };
        this.sockets.push(socket);
        return () => {
          socket.isOpen = false;
        };
      },
    };
  }
}

/** What a stream is told, in order. */
function recorder(change: { acknowledge?: () => Promise<void>; send?: () => Promise<void> } = {}) {
  const told: string[] = [];
  const callbacks = {
    acknowledge: async () => {
      await change.acknowledge?.();
      told.push("acknowledged");
    },
    send: async ({ method, params }: Notification) => {
      const uri = (params as { uri?: string } | undefined)?.uri;
      told.push(uri ?? method);
      await change.send?.();
    },
    close: (reason: string) => {
      told.push(reason);
    },
  };
  return { told, callbacks };
}

const subscription = (id: string | number = 1, origin = "o") => ({
  id,
  origin,
  filters: { toolsListChanged: true, resourceSubscriptions: ["file:///a"] },
});

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test("F132 the manager of streams has the published interface", () => {
  expectTypeOf<ListenStreams>().toExtend<SubscriptionManager>();
});

test.each([
  ["tmcp's own", () => new InMemorySubscriptionManager()],
  ["ours", () => new World().streams],
])("F132 a stream is acknowledged first, then told in order: %s", async (_name, make) => {
  const manager: Manager = make();
  const gate = Promise.withResolvers<void>();
  const { told, callbacks } = recorder({ acknowledge: () => gate.promise });
  const created = manager.create(subscription(), callbacks);
  await settled();
  const sent = [
    manager.send(TOOLS),
    manager.send(updated("file:///b")),
    manager.send(updated("file:///a")),
  ];
  await settled();
  expect(told).toEqual([]);
  gate.resolve();
  expect(await created).toBe(true);
  await Promise.all(sent);
  await settled();
  expect(told).toEqual(["acknowledged", TOOLS.method, "file:///a"]);
  await manager.closeAll("another");
  expect(await manager.close("1", "o", "closed")).toBe(false);
  expect(await manager.close(1, "o", "closed")).toBe(true);
  expect(await manager.close(1, "o", "closed")).toBe(false);
  await manager.send(TOOLS);
  expect(told.slice(3)).toEqual(["closed"]);
});

test.each([
  ["tmcp's own", () => new InMemorySubscriptionManager()],
  ["ours", () => new World().streams],
])('F133 an origin has one stream of an id, and 1 and "1" are two: %s', async (_name, make) => {
  const manager: Manager = make();
  const create = (id: string | number, origin?: string) =>
    manager.create(subscription(id, origin), recorder().callbacks);
  expect(await Promise.all([create(1), create(1), create("1"), create(1, "p")])).toEqual([
    true,
    false,
    true,
    true,
  ]);
  await manager.closeAll("o");
  expect(await create(1)).toBe(true);
  expect(await create(1, "p")).toBe(false);
  await manager.closeAll();
  expect(await create(1, "p")).toBe(true);
});

test.each([
  ["tmcp's own", () => new InMemorySubscriptionManager()],
  ["ours", () => new World().streams],
])(
  "F132 a stream that is not acknowledged is none, and is told nothing: %s",
  async (_name, make) => {
    const manager: Manager = make();
    const gate = Promise.withResolvers<void>();
    const { told, callbacks } = recorder({ acknowledge: () => gate.promise });
    const created = manager.create(subscription(), callbacks);
    await settled();
    const sent = [manager.send(TOOLS), manager.send(TOOLS)];
    gate.reject(new Error("no"));
    await expect(created).rejects.toThrow("no");
    await Promise.all(sent);
    expect(told).toEqual([]);
    expect(await manager.create(subscription(), recorder().callbacks)).toBe(true);
  },
);

test.each([
  ["tmcp's own", () => new InMemorySubscriptionManager()],
  ["ours", () => new World().streams],
])(
  "F134 a close waits for what is being sent, and is one for all who ask: %s",
  async (_name, make) => {
    const manager: Manager = make();
    const gate = Promise.withResolvers<void>();
    const { told, callbacks } = recorder({ send: () => gate.promise });
    await manager.create(subscription(), callbacks);
    const sent = [manager.send(TOOLS), manager.send(updated("file:///a"))];
    await settled();
    const closed = [manager.close(1, "o", "cancelled"), manager.close(1, "o", "closed")];
    await settled();
    expect(told).toEqual(["acknowledged", TOOLS.method]);
    gate.resolve();
    expect(await Promise.all(closed)).toEqual([true, true]);
    await Promise.all(sent);
    expect(told).toEqual(["acknowledged", TOOLS.method, "cancelled"]);
  },
);

test("F132 a notification that could not be sent holds up none of the others", async () => {
  const world = new World();
  let isFirst = true;
  const { told, callbacks } = recorder({
    send: async () => {
      if (isFirst) {
        isFirst = false;
        throw new Error("no");
      }
    },
  });
  await world.streams.create(subscription(), callbacks);
  await world.streams.send(TOOLS);
  await world.streams.send(updated("file:///a"));
  await settled();
  expect(told).toEqual(["acknowledged", TOOLS.method, "file:///a"]);
});

test("F134 a stream that ends has no socket any more, also where it ends before that is open", async () => {
  const world = new World();
  await world.streams.create(subscription(1), recorder().callbacks);
  await world.streams.close(1, "o", "closed");
  expect(world.open).toEqual([]);
  const gate = Promise.withResolvers<void>();
  world.opening = () => gate.promise;
  const { told, callbacks } = recorder();
  const created = world.streams.create(subscription(2), callbacks);
  const closed = world.streams.close(2, "o", "cancelled");
  gate.resolve();
  expect(await Promise.all([created, closed])).toEqual([true, true]);
  expect(told).toEqual(["cancelled"]);
  expect(world.open).toEqual([]);
});

test("F135 where no registry is reached no stream begins, and the error says why", async () => {
  const world = new World();
  world.opening = () => Promise.reject(new Error("unreachable"));
  const { told, callbacks } = recorder();
  await expect(world.streams.create(subscription(), callbacks)).rejects.toThrow("unreachable");
  expect(told).toEqual([]);
  world.opening = async () => {};
  expect(await world.streams.create(subscription(), callbacks)).toBe(true);
});

test("F136 a lost socket is opened again, and the stream hears of all that it follows once", async () => {
  const world = new World();
  const { told, callbacks } = recorder();
  await world.streams.create(subscription(), callbacks);
  world.cut();
  world.notify(TOOLS);
  world.clock.advance(199);
  await settled();
  expect(world.open).toHaveLength(0);
  world.clock.advance(1);
  await settled();
  expect(world.open).toHaveLength(1);
  expect(told).toEqual(["acknowledged", TOOLS.method, "file:///a"]);
  await world.streams.send(TOOLS);
  await settled();
  expect(told.slice(3)).toEqual([TOOLS.method]);
});

test("F136 a socket that cannot be opened again ends its stream", async () => {
  const world = new World();
  const { told, callbacks } = recorder();
  await world.streams.create(subscription(), callbacks);
  world.opening = () => Promise.reject(new Error("unreachable"));
  world.cut();
  for (const wait of [200, 400, 800, 1_600, 3_200]) {
    world.clock.advance(wait);
    await settled();
  }
  expect(told).toEqual(["acknowledged"]);
  world.clock.advance(6_400);
  await settled();
  expect(told).toEqual(["acknowledged", "closed"]);
  expect(world.opened).toBe(7);
  expect(await world.streams.close(1, "o", "closed")).toBe(false);
});

test("F136 a stream that ends while its socket is lost opens no other", async () => {
  const world = new World();
  await world.streams.create(subscription(), recorder().callbacks);
  world.cut();
  await world.streams.close(1, "o", "cancelled");
  world.clock.advance(10_000);
  await settled();
  expect(world.opened).toBe(1);
});

test("F137 filters of more than 8 KiB are refused", async () => {
  const world = new World();
  const filters = { resourceSubscriptions: ["x".repeat(8 * 1024)] };
  await expect(
    world.streams.create({ id: 1, origin: "o", filters }, recorder().callbacks),
  ).rejects.toMatchObject({ code: "too_large" });
  expect(world.opened).toBe(0);
});

test("F131 what no stream can follow is not sent to the registries", async () => {
  const world = new World();
  await world.streams.send({ jsonrpc: "2.0", method: "notifications/message" });
  expect(world.notified).toBe(0);
  await world.streams.send(TOOLS);
  expect(world.notified).toBe(1);
});
