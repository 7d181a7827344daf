import { useMemo, useState } from "react";
import { contentsOf, type Content } from "./contents.ts";
import { diffLines, type DiffLine } from "./diff-lines.ts";

/** Longer texts start folded, in UTF-16 units: a tool may answer with megabytes. */
const FOLDED_LENGTH = 4000;

/** The pieces of a tool's input or output, or of what an approval asks about. */
export function ContentsView({
  value,
  label,
}: {
  readonly value: unknown;
  readonly label: string;
}) {
  const contents = useMemo(() => contentsOf(value), [value]);
  if (contents.length === 0) return null;
  return (
    <section className="contents" aria-label={label}>
      {contents.map((content, index) => (
        // The pieces of one value never change their order.
        // oxlint-disable-next-line react/no-array-index-key
        <Piece key={index} content={content} label={label} />
      ))}
    </section>
  );
}

function Piece({ content, label }: { readonly content: Content; readonly label: string }) {
  switch (content.kind) {
    case "diff":
      return <DiffView {...content} />;
    case "text":
      return <FoldedText text={content.text} label={label} />;
    case "json":
      return <FoldedText text={JSON.stringify(content.value, null, 2)} label={label} />;
  }
}

function FoldedText({ text, label }: { readonly text: string; readonly label: string }) {
  const [isFolded, setFolded] = useState(true);
  const shown = isFolded ? text.slice(0, FOLDED_LENGTH) : text;
  return (
    <div className="piece">
      <p className="piece-label">{label}</p>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className="piece-text" tabIndex={0}>
        {shown}
      </pre>
      {shown.length < text.length && (
        <button type="button" className="button button-small" onClick={() => setFolded(false)}>
          Show all {text.length.toLocaleString()} characters
        </button>
      )}
    </div>
  );
}

const MARKS: Readonly<Record<DiffLine["kind"], string>> = {
  same: " ",
  added: "+",
  removed: "−",
  skip: "⋯",
};

const SPOKEN: Readonly<Record<DiffLine["kind"], string>> = {
  same: "",
  added: "added: ",
  removed: "removed: ",
  skip: "",
};

function DiffView({
  path,
  oldText,
  newText,
}: {
  readonly path: string;
  readonly oldText: string;
  readonly newText: string;
}) {
  const { lines, added, removed } = useMemo(() => diffLines(oldText, newText), [oldText, newText]);
  return (
    <figure className="diff">
      <figcaption>
        <span className="diff-path">{path}</span>
        <span className="diff-size">
          <span className="diff-added" aria-label={`${added} added`}>
            +{added}
          </span>{" "}
          <span className="diff-removed" aria-label={`${removed} removed`}>
            −{removed}
          </span>
        </span>
      </figcaption>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <section className="diff-lines" tabIndex={0} aria-label={`Changes to ${path}`}>
        {lines.map((line, index) => (
          // A difference is computed whole, so its lines have no other identity.
          // oxlint-disable-next-line react/no-array-index-key
          <div key={index} className="diff-line" data-kind={line.kind}>
            <span className="diff-mark" aria-hidden>
              {MARKS[line.kind]}
            </span>
            <span className="visually-hidden">{SPOKEN[line.kind]}</span>
            <span className="diff-text">{line.text}</span>
          </div>
        ))}
      </section>
    </figure>
  );
}
