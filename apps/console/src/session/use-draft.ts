import { useEffect, useState, type Dispatch, type SetStateAction } from "react";

/** A text for each session that survives a reload. */
export function useDraft(session: string): readonly [string, Dispatch<SetStateAction<string>>] {
  const key = `perdure:draft:${session}`;
  const [draft, setDraft] = useState(() => read(key));
  useEffect(() => write(key, draft), [key, draft]);
  return [draft, setDraft];
}

/** Storage may be switched off or full: then a draft lasts as long as the page. */
function read(key: string): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

function write(key: string, draft: string): void {
  try {
    if (draft === "") localStorage.removeItem(key);
    else localStorage.setItem(key, draft);
  } catch {
    // The draft stays on the page.
  }
}
