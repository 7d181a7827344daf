import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";

const CONFIRM_MS = 1600;

/** Copies a text and says so for a moment. Shows no words of its own beside the icon unless it has `children`. */
export function CopyButton({
  text,
  label,
  children,
}: {
  readonly text: string;
  readonly label: string;
  readonly children?: string;
}) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), CONFIRM_MS);
    return () => clearTimeout(timer);
  }, [state]);

  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => setState("copied"),
      () => setState("failed"),
    );
  };
  const said = state === "copied" ? "Copied" : state === "failed" ? "Copying failed" : label;
  return (
    <button
      type="button"
      className={children === undefined ? "icon-button" : "button button-small"}
      aria-label={said}
      title={said}
      onClick={copy}
    >
      {state === "copied" ? <Check aria-hidden size={15} /> : <Copy aria-hidden size={15} />}
      {children}
    </button>
  );
}
