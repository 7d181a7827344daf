import type { ReactNode, SubmitEvent } from "react";
import { useState } from "react";

/** One list, where tasks may be dropped. */
export function TaskList({
  title,
  count,
  children,
  onDrop,
  onAdd,
}: {
  readonly title: string;
  readonly count: number;
  /** Its cards. */
  readonly children: ReactNode;
  readonly onDrop: (id: string) => void;
  /** Missing: new tasks begin elsewhere. */
  readonly onAdd: ((title: string) => void) | undefined;
}) {
  const [isOver, setIsOver] = useState(false);
  const add = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const text = new FormData(event.currentTarget).get("title");
    if (typeof text !== "string" || text.trim() === "") return;
    onAdd?.(text.trim());
    event.currentTarget.reset();
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- dropping is for a mouse; cards have buttons that do the same
    <section
      aria-label={title}
      className={isOver ? "list over" : "list"}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setIsOver(false);
        onDrop(event.dataTransfer.getData("text/plain"));
      }}
    >
      <h2>
        {title} <span className="count">{count}</span>
      </h2>
      <ul>{children}</ul>
      {onAdd !== undefined && (
        <form onSubmit={add}>
          <input
            name="title"
            aria-label="New task"
            placeholder="What is to be done?"
            autoComplete="off"
            maxLength={200}
          />
          <button type="submit">Add</button>
        </form>
      )}
    </section>
  );
}
