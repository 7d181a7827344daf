import type { Problem } from "perdure/protocol";
import { useMutation, useQuery, useShard } from "perdure/react";
import { useEffect, useState, useSyncExternalStore } from "react";
import type { BoardFunctions } from "./board-client.ts";

/** A board, and all that a page does with it. */
export function useBoard(name: string) {
  const client = useShard<BoardFunctions>();
  const { link, problem, pending } = useSyncExternalStore(client.onChange, client.getState);
  const tasks = useQuery(client, "tasks", { board: name });
  const me = useQuery(client, "me", { board: name });
  const [refused, setRefused] = useState<Problem>();
  // A mutation may be refused long after it was made, and after a reload nobody waits for it.
  useEffect(() => client.onError((error) => setRefused(error)), [client]);
  return {
    tasks: tasks.data,
    me: me.data,
    link,
    problem,
    /** Ids of tasks of which something is not answered yet. */
    waiting: new Set(pending.map(({ command }) => idIn(command.args))),
    waitingCount: pending.length,
    /** What was refused last, until somebody has seen it. */
    refused,
    dismiss: () => setRefused(undefined),
    addTask: useMutation(client, "addTask").mutate,
    renameTask: useMutation(client, "renameTask").mutate,
    moveTask: useMutation(client, "moveTask").mutate,
    deleteTask: useMutation(client, "deleteTask").mutate,
  };
}

function idIn(args: unknown): unknown {
  return typeof args === "object" && args !== null && "id" in args ? args.id : undefined;
}
