import { expectTypeOf, test } from "vitest";
import { ShardClient, storageOutboxStore } from "../../src/client/index.ts";
import type {
  MutationArgs,
  MutationName,
  MutationValue,
  QueryArgs,
  QueryName,
  QueryValue,
  ShardView,
} from "../../src/client/index.ts";
import type { Board, Task } from "./board.ts";
import { board } from "./board.ts";

const boards = board.shardBy(() => "b");

test("Z219 names, arguments and values are those of the definition", () => {
  expectTypeOf<QueryName<Board>>().toEqualTypeOf<"tasks" | "count" | "unless" | "me">();
  expectTypeOf<MutationName<Board>>().toEqualTypeOf<"addTask" | "change" | "remove">();
  expectTypeOf<QueryArgs<Board, "tasks">>().toEqualTypeOf<{ board: string }>();
  expectTypeOf<QueryValue<Board, "tasks">>().toEqualTypeOf<readonly Task[]>();
  // What a schema fills in may be left out.
  expectTypeOf<MutationArgs<Board, "addTask">>().toEqualTypeOf<{
    board: string;
    id: string;
    title: string;
    place?: number | undefined;
  }>();
  expectTypeOf<MutationValue<Board, "addTask">>().toEqualTypeOf<Readonly<Task>>();
});

test("Z219 nothing arrives as null", () => {
  expectTypeOf<QueryValue<Board, "count">>().toEqualTypeOf<number | null>();
  expectTypeOf<QueryValue<Board, "me">>().toEqualTypeOf<string | null>();
  expectTypeOf<MutationValue<Board, "change">>().toEqualTypeOf<null>();
});

test("Z219 a client takes what its shard takes", () => {
  const client = {} as ShardClient<Board>;
  const use = () => {
    client.subscribe("tasks", { board: "b" }, (view) => {
      expectTypeOf(view).toEqualTypeOf<ShardView<readonly Task[]>>();
    });
    expectTypeOf(client.query("count", { board: "b" })).resolves.toEqualTypeOf<number | null>();
    const added = client.mutate("addTask", { board: "b", id: "1", title: "one" });
    expectTypeOf(added).resolves.toEqualTypeOf<Readonly<Task>>();
    // @ts-expect-error -- there is no such query
    client.watch("addTask", { board: "b" });
    // @ts-expect-error -- a board has a name
    client.watch("tasks", { board: 1 });
    // @ts-expect-error -- it is a query
    void client.mutate("tasks", { board: "b" });
    void client.mutate("remove", "1", {
      optimistic: (views) => {
        views.update("tasks", { board: "b" }, (rows) => {
          expectTypeOf(rows).toEqualTypeOf<readonly Task[]>();
          return rows.filter(({ id }) => id !== "1");
        });
        // @ts-expect-error -- a row has a title
        views.update("tasks", { board: "b" }, () => [{ id: "1", place: 0 }]);
      },
    });
  };
  expectTypeOf(use).toBeFunction();
});

test("Z219 `shardBy` changes no function's type", () => {
  expectTypeOf<QueryValue<typeof boards, "tasks">>().toEqualTypeOf<readonly Task[]>();
  const client = () =>
    new ShardClient<typeof boards>({
      outbox: storageOutboxStore(localStorage, "boards"),
      optimistic: {
        addTask: (views, { board, id, title }) =>
          views.update("tasks", { board }, (rows) => [...rows, { id, title, place: 0 }]),
      },
    });
  expectTypeOf(client).returns.toEqualTypeOf<ShardClient<typeof boards>>();
});

test("Z219 without a type any name and argument is taken, and values are unknown", () => {
  const client = {} as ShardClient;
  const use = () => client.query("anything", { any: 1 });
  expectTypeOf(use).returns.resolves.toEqualTypeOf<unknown>();
});
