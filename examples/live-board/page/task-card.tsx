import type { SubmitEvent } from "react";
import { useEffect, useRef, useState } from "react";
import type { List, Task } from "../src/task.ts";
import { Icon } from "./icon.tsx";

interface Neighbour {
  readonly list: List;
  readonly title: string;
}

/** A task: all that a mouse can do with it, keys can, too. */
export function TaskCard({
  task,
  isWaiting,
  isFollowed,
  onFollowed,
  before,
  after,
  onMove,
  onRename,
  onDelete,
}: {
  readonly task: Task;
  /** Whether something of it is not answered yet. */
  readonly isWaiting: boolean;
  /** Whether it takes the focus. */
  readonly isFollowed: boolean;
  readonly onFollowed: () => void;
  readonly before: Neighbour | undefined;
  readonly after: Neighbour | undefined;
  readonly onMove: (list: List) => void;
  readonly onRename: (title: string) => void;
  readonly onDelete: () => void;
}) {
  const title = useRef<HTMLButtonElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const [isEditing, setIsEditing] = useState(false);
  /** Whether the title was edited to the end, by keys. */
  const hasEdited = useRef(false);

  useEffect(() => {
    if (!isFollowed) return;
    title.current?.focus();
    onFollowed();
  }, [isFollowed, onFollowed]);

  useEffect(() => {
    if (isEditing) field.current?.select();
    else if (hasEdited.current) title.current?.focus();
    hasEdited.current = false;
  }, [isEditing]);

  const stopEditing = () => {
    hasEdited.current = true;
    setIsEditing(false);
  };

  const rename = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const text = new FormData(event.currentTarget).get("title");
    stopEditing();
    if (typeof text === "string" && text.trim() !== "" && text.trim() !== task.title)
      onRename(text.trim());
  };

  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- dragging is for a mouse; the buttons do the same
    <li
      className={isWaiting ? "card unsaved" : "card"}
      draggable={!isEditing}
      onDragStart={(event) => event.dataTransfer.setData("text/plain", task.id)}
    >
      {isEditing ? (
        <form onSubmit={rename}>
          <input
            name="title"
            aria-label="Title"
            defaultValue={task.title}
            autoComplete="off"
            maxLength={200}
            ref={field}
            onBlur={() => setIsEditing(false)}
            onKeyDown={(event) => {
              if (event.key === "Escape") stopEditing();
            }}
          />
        </form>
      ) : (
        <button
          type="button"
          className="title"
          ref={title}
          title="Rename"
          onClick={() => setIsEditing(true)}
        >
          {task.title}
        </button>
      )}
      <div className="actions">
        <span className="author" title={`Added by ${task.author}`}>
          {task.author}
        </span>
        {before !== undefined && (
          <button
            type="button"
            aria-label={`Move ${task.title} to ${before.title}`}
            onClick={() => onMove(before.list)}
          >
            <Icon name="before" />
          </button>
        )}
        {after !== undefined && (
          <button
            type="button"
            aria-label={`Move ${task.title} to ${after.title}`}
            onClick={() => onMove(after.list)}
          >
            <Icon name="after" />
          </button>
        )}
        <button type="button" aria-label={`Delete ${task.title}`} onClick={onDelete}>
          <Icon name="delete" />
        </button>
      </div>
    </li>
  );
}
