import type { ShardClient } from "perdure/client";
import { ShardProvider, useMutation, useQuery, useShard } from "perdure/react";
import { memo, startTransition, useState } from "react";
import type { Board, Task } from "../../test/shard-client/board.ts";

/** What a test looks at beside the page itself. */
declare global {
  // `var` is the only way to declare a global.
  // oxlint-disable-next-line eslint/no-var
  var rowRenders: Record<string, number>;
  // oxlint-disable-next-line eslint/no-var
  var mutates: Set<unknown>;
}

globalThis.rowRenders = {};
globalThis.mutates = new Set();

/** A board, with what tests of the hooks need around it. */
export function ShardPage({ client }: { readonly client: ShardClient<Board> }) {
  const [name, setName] = useState("b");
  const [isShown, setShown] = useState(true);
  return (
    <ShardProvider client={client}>
      <button type="button" onClick={() => setShown((is) => !is)}>
        Toggle
      </button>
      <button type="button" onClick={() => setName("c")}>
        Other
      </button>
      {isShown && <Tasks name={name} />}
      <Maybe />
      <Many />
    </ShardProvider>
  );
}

function Tasks({ name }: { readonly name: string }) {
  const board = useShard<Board>();
  const { data, status, error } = useQuery(board, "tasks", { board: name });
  const {
    mutate,
    pending,
    error: refusal,
  } = useMutation(board, "addTask", {
    optimistic: (views, { id, title }) =>
      views.update("tasks", { board: name }, (rows) => [...rows, { id, title, place: 0 }]),
  });
  globalThis.mutates.add(mutate);
  return (
    <main data-status={status} data-pending={pending}>
      <ol>
        {data?.map((task) => (
          <Row key={task.id} task={task} />
        ))}
      </ol>
      {error !== undefined && <p role="alert">{error.message}</p>}
      {refusal !== undefined && <p role="alert">{refusal.message}</p>}
      <button type="button" onClick={() => void mutate({ board: name, id: "z", title: "mine" })}>
        Add
      </button>
      <button type="button" onClick={() => void mutate({ board: name, id: "y", title: "" })}>
        Refused
      </button>
    </main>
  );
}

const Row = memo(({ task }: { readonly task: Task }) => {
  // Each render is what is counted.
  // oxlint-disable-next-line react/immutability
  globalThis.rowRenders[task.id] = (globalThis.rowRenders[task.id] ?? 0) + 1;
  return <li>{task.title}</li>;
});

/** Asks for nothing before it is told to. */
function Maybe() {
  const [isAsked, setAsked] = useState(false);
  const { data, status } = useQuery(useShard<Board>(), "me", isAsked ? null : "skip");
  return (
    <button type="button" onClick={() => setAsked(true)}>
      Me {status} {String(data)}
    </button>
  );
}

/** Many components that show two queries; most of them come later, in a slow render that others interrupt. */
function Many() {
  const [count, setCount] = useState(2);
  return (
    <>
      <button type="button" onClick={() => startTransition(() => setCount(300))}>
        More
      </button>
      {Array.from({ length: count }, (_, index) => (
        <Echo key={index} />
      ))}
    </>
  );
}

function Echo() {
  const board = useShard<Board>();
  const tasks = useQuery(board, "tasks", { board: "b" }).data;
  const count = useQuery(board, "count", { board: "b" }).data;
  work(1);
  return <p className="echo">{`${tasks?.length} ${count}`}</p>;
}

/** Takes so many milliseconds. */
function work(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
