import { useState, type KeyboardEvent } from "react";
import { sentenceOf } from "../http.ts";

/** The session's title; pressing it makes it a field. Enter and leaving the field keep, Escape drops. */
export function TitleEditor({
  title,
  placeholder,
  canEdit,
  onRename,
}: {
  readonly title: string;
  readonly placeholder: string;
  readonly canEdit: boolean;
  readonly onRename: (title: string) => Promise<unknown>;
}) {
  const [draft, setDraft] = useState<string>();
  const [problem, setProblem] = useState<string>();

  const keep = async () => {
    const next = draft?.trim();
    setDraft(undefined);
    if (next === undefined || next === title) return;
    try {
      await onRename(next);
      setProblem(undefined);
    } catch (error) {
      setProblem(sentenceOf(error));
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") void keep();
    if (event.key === "Escape") setDraft(undefined);
  };

  if (draft !== undefined)
    return (
      <input
        className="title-input"
        aria-label="Title"
        value={draft}
        placeholder={placeholder}
        maxLength={200}
        // The person has just asked for this field.
        // oxlint-disable-next-line jsx-a11y/no-autofocus
        autoFocus
        onChange={(event) => setDraft(event.target.value)}
        onBlur={() => void keep()}
        onKeyDown={onKeyDown}
      />
    );
  const shown = title === "" ? placeholder : title;
  return (
    <h1 className="title">
      {canEdit ? (
        <button
          type="button"
          className="title-button"
          title={problem ?? "Rename"}
          data-failed={problem !== undefined}
          onClick={() => setDraft(title)}
        >
          {shown}
          <span className="visually-hidden">, rename</span>
        </button>
      ) : (
        shown
      )}
    </h1>
  );
}
