import { useState } from "react";
import type { List, Task } from "../src/task.ts";
import { LISTS } from "../src/task.ts";
import { TaskCard } from "./task-card.tsx";
import { TaskList } from "./task-list.tsx";
import { useBoard } from "./use-board.ts";

const TITLES: Readonly<Record<List, string>> = { todo: "To do", doing: "Doing", done: "Done" };

/** A board: its lists, who one is, and how the connection is. */
export function BoardPage({
  name,
  boards,
}: {
  readonly name: string;
  readonly boards: readonly string[];
}) {
  const board = useBoard(name);
  const { tasks, me, link, problem, waiting, waitingCount, refused } = board;
  // A card that is moved appears elsewhere, and one that is deleted nowhere: whoever uses keys goes on from there.
  const [followed, setFollowed] = useState<string>();

  if (problem !== undefined)
    return (
      <main className="note">
        <h1>This board is closed to you</h1>
        <p role="alert">{problem.detail}</p>
        <p>Log in by one of the addresses that `npm start` has printed.</p>
      </main>
    );

  const add = (title: string) => {
    void board.addTask({ board: name, id: crypto.randomUUID(), title });
  };
  const rename = (task: Task, title: string) => {
    void board.renameTask({ board: name, id: task.id, title });
  };
  const move = (task: Task, list: List) => {
    setFollowed(task.id);
    void board.moveTask({ board: name, id: task.id, list });
  };
  const remove = (task: Task) => {
    const others = tasks?.filter(({ list }) => list === task.list) ?? [];
    const index = others.indexOf(task);
    setFollowed((others[index + 1] ?? others[index - 1])?.id);
    void board.deleteTask({ board: name, id: task.id });
  };
  const drop = (list: List, id: string) => {
    const task = tasks?.find((one) => one.id === id);
    if (task !== undefined && task.list !== list) move(task, list);
  };

  return (
    <>
      <header>
        <h1>Live board</h1>
        <nav aria-label="Boards">
          {[...new Set([...boards, name])].map((one) => (
            <a key={one} href={`#${one}`} aria-current={one === name ? "page" : undefined}>
              {one}
            </a>
          ))}
        </nav>
        <p className="who">
          {waitingCount > 0 && <span className="waiting">{waitingCount} waiting</span>}
          <output className={`link ${link}`}>{link}</output>
          <span>{me}</span>
        </p>
      </header>
      {refused !== undefined && (
        <div role="alert" className="refused">
          {refused.detail}
          <button type="button" onClick={board.dismiss}>
            Dismiss
          </button>
        </div>
      )}
      {tasks === undefined ? (
        <main className="note">
          <p>Connecting …</p>
        </main>
      ) : (
        <main className="lists">
          {LISTS.map((list) => {
            const listed = tasks.filter((task) => task.list === list);
            return (
              <TaskList
                key={list}
                title={TITLES[list]}
                count={listed.length}
                onDrop={(id) => drop(list, id)}
                onAdd={list === "todo" ? add : undefined}
              >
                {listed.map((task) => (
                  <TaskCard
                    key={task.id}
                    task={task}
                    isWaiting={waiting.has(task.id)}
                    isFollowed={task.id === followed}
                    onFollowed={() => setFollowed(undefined)}
                    before={neighbour(list, -1)}
                    after={neighbour(list, 1)}
                    onMove={(to) => move(task, to)}
                    onRename={(title) => rename(task, title)}
                    onDelete={() => remove(task)}
                  />
                ))}
              </TaskList>
            );
          })}
        </main>
      )}
    </>
  );
}

function neighbour(list: List, step: 1 | -1) {
  const to = LISTS[LISTS.indexOf(list) + step];
  return to === undefined ? undefined : { list: to, title: TITLES[to] };
}
