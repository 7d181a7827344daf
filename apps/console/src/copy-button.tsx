import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";

const CONFIRM_MS = 1600;

/** Copies a text and says so for a moment. Shows words beside the icon only where it has `children`. */
export function CopyButton({
  text,
  label,
  children,
}: {
  /** What to copy, or how to get it; where that fails, nothing is copied and the button says so. */
  readonly text: string | (() => Promise<string>);
  readonly label: string;
  readonly children?: string;
}) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), CONFIRM_MS);
    return () => clearTimeout(timer);
  }, [state]);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "string" ? text : await text());
      setState("copied");
    } catch {
      setState("failed");
    }
  };
  const said = state === "copied" ? "Copied" : state === "failed" ? "Copying failed" : label;
  return (
    <button
      type="button"
      className={children === undefined ? "icon-button" : "button button-small"}
      aria-label={said}
      title={said}
      onClick={() => void copy()}
    >
      {state === "copied" ? <Check aria-hidden size={15} /> : <Copy aria-hidden size={15} />}
      {children !== undefined && (state === "idle" ? children : said)}
    </button>
  );
}
