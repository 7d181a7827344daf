import {
  ChevronRight,
  Circle,
  CircleAlert,
  CircleCheck,
  CircleDot,
  CircleSlash,
} from "lucide-react";
import type { ReactNode } from "react";
import type { Task } from "perdure/protocol";

const ICONS: Readonly<Record<Task["status"], ReactNode>> = {
  pending: <Circle aria-hidden size={15} />,
  running: <CircleDot aria-hidden size={15} />,
  done: <CircleCheck aria-hidden size={15} />,
  failed: <CircleAlert aria-hidden size={15} />,
  cancelled: <CircleSlash aria-hidden size={15} />,
};

const SPOKEN: Readonly<Record<Task["status"], string>> = {
  pending: "to do",
  running: "in progress",
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
};

/** The agent's plan and the application's tasks: the one in progress, and all of them when unfolded. */
export function Tasks({ tasks }: { readonly tasks: readonly Task[] }) {
  if (tasks.length === 0) return null;
  const done = tasks.filter((task) => task.status === "done").length;
  const current = tasks.find((task) => task.status === "running");
  const name = tasks.every(({ source }) => source === "plan") ? "Plan" : "Tasks";
  return (
    <details className="tasks">
      <summary>
        <ChevronRight aria-hidden size={15} className="chevron" />
        <span>
          {name}: {done} of {tasks.length} done
        </span>
        {current !== undefined && <span className="tasks-current">{current.title}</span>}
      </summary>
      <ol>
        {tasks.map((task) => (
          <li key={`${task.source} ${task.id}`} data-status={task.status}>
            {ICONS[task.status]}
            <span>
              {task.title}
              <span className="visually-hidden">, {SPOKEN[task.status]}</span>
            </span>
          </li>
        ))}
      </ol>
    </details>
  );
}
