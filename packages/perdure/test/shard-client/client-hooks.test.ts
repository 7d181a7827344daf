import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { expect, expectTypeOf, test, vi } from "vitest";
import type { ShardClient } from "../../src/client/index.ts";
import type { Mutation, QueryResult } from "../../src/react/index.ts";
import { ShardProvider, useMutation, useQuery, useShard } from "../../src/react/index.ts";
import type { Board, Task } from "./board.ts";
import { clientOf, ShardServer } from "./shard-server.ts";

/** What a server's render gives to a component below the provider of a client. */
function drawn<T>(client: ShardClient<Board>, use: () => T): T {
  const gets: T[] = [];
  const Component = () => {
    gets.push(use());
    return null;
  };
  renderToString(createElement(ShardProvider<Board>, { client }, createElement(Component)));
  return gets[0] as T;
}

test("U21 on a server a query is loading, and nothing is connected or timed", () => {
  vi.useFakeTimers();
  const server = new ShardServer();
  const client = clientOf(server);
  const query = drawn(client, () => useQuery(useShard<Board>(), "tasks", { board: "b" }));
  expect(query).toEqual({ data: undefined, status: "loading", error: undefined });
  const skipped = drawn(client, () => useQuery(client, "tasks", "skip"));
  expect(skipped).toEqual({ data: undefined, status: "idle", error: undefined });
  const mutation = drawn(client, () => useMutation(client, "addTask"));
  expect(mutation).toEqual({ mutate: expect.any(Function), pending: 0, error: undefined });
  expect([server.connections.length, vi.getTimerCount()]).toEqual([0, 0]);
  vi.useRealTimers();
});

const Lost = () => {
  useShard();
  return null;
};

test("U18 a component without a provider is told so", () => {
  expect(() => renderToString(createElement(Lost))).toThrow("Put a `ShardProvider` around");
});

const useTasks = () => useQuery(useShard<Board>(), "tasks", { board: "b" });
const useCount = (board: string | undefined) =>
  useQuery(useShard<Board>(), "count", board === undefined ? "skip" : { board });
const useAdd = () =>
  useMutation(useShard<Board>(), "addTask", {
    optimistic: (views, { board, id, title, place = 0 }) =>
      views.update("tasks", { board }, (rows) => [...rows, { id, title, place }]),
  });

test("U18 data, arguments and answers have the types of the shard's definition", () => {
  expectTypeOf(useTasks).returns.toEqualTypeOf<QueryResult<readonly Task[]>>();
  expectTypeOf(useCount).returns.toEqualTypeOf<QueryResult<number | null>>();
  expectTypeOf(useAdd).returns.toEqualTypeOf<
    Mutation<
      { board: string; id: string; title: string; place?: number | undefined },
      Readonly<Task>
    >
  >();
});
