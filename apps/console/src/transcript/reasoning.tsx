import { Brain, ChevronRight } from "lucide-react";
import { memo, useState } from "react";
import { Markdown } from "./markdown.tsx";

/** The model's reasoning, folded until someone wants to read it. */
export const Reasoning = memo(function Reasoning({
  text,
  isStreaming,
}: {
  readonly text: string;
  readonly isStreaming: boolean;
}) {
  const [isUnfolded, setUnfolded] = useState(false);
  if (text === "" && !isStreaming) return null;
  return (
    <section className="reasoning" aria-label="Reasoning">
      <button
        type="button"
        className="reasoning-header"
        aria-expanded={isUnfolded}
        onClick={() => setUnfolded(!isUnfolded)}
      >
        <Brain aria-hidden size={15} />
        {isStreaming ? "Thinking…" : "Thoughts"}
        <ChevronRight aria-hidden size={15} className="chevron" />
      </button>
      {isUnfolded && (
        <div className="reasoning-body">
          <Markdown text={text} isStreaming={isStreaming} />
        </div>
      )}
    </section>
  );
});
