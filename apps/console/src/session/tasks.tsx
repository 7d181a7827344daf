import { ChevronRight, Circle, CircleCheck, CircleDot } from "lucide-react";
import type { ReactNode } from "react";
import type { Task } from "perdure/protocol";

const ICONS: Readonly<Record<Task["status"], ReactNode>> = {
  pending: <Circle aria-hidden size={15} />,
  in_progress: <CircleDot aria-hidden size={15} />,
  completed: <CircleCheck aria-hidden size={15} />,
};

const SPOKEN: Readonly<Record<Task["status"], string>> = {
  pending: "to do",
  in_progress: "in progress",
  completed: "done",
};

/** The agent's plan: its current step, and all of them when unfolded. */
export function Tasks({ tasks }: { readonly tasks: readonly Task[] }) {
  if (tasks.length === 0) return null;
  const done = tasks.filter((task) => task.status === "completed").length;
  const current = tasks.find((task) => task.status === "in_progress");
  return (
    <details className="tasks">
      <summary>
        <ChevronRight aria-hidden size={15} className="chevron" />
        <span>
          Plan: {done} of {tasks.length} done
        </span>
        {current !== undefined && <span className="tasks-current">{current.title}</span>}
      </summary>
      <ol>
        {tasks.map((task) => (
          <li key={task.id} data-status={task.status}>
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
