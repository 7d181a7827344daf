import {
  createElement,
  isValidElement,
  memo,
  useDeferredValue,
  type ComponentProps,
  type ReactNode,
} from "react";
import { defaultRehypePlugins, Streamdown, type ExtraProps } from "streamdown";
import { CopyButton } from "../copy-button.tsx";

/**
 * Markdown, also while it is being written. Everything is a plain element, styled by `styles/markdown.css`; images are
 * links, because a page that shows what an agent wrote should fetch nothing that the agent names.
 */
export const Markdown = memo(function Markdown({
  text,
  isStreaming,
}: {
  readonly text: string;
  readonly isStreaming: boolean;
}) {
  // A slow parse must not hold up typing: it may lag behind the stream.
  const deferred = useDeferredValue(text);
  return (
    <Streamdown
      className="markdown"
      mode={isStreaming ? "streaming" : "static"}
      parseIncompleteMarkdown={isStreaming}
      controls={false}
      rehypePlugins={REHYPE_PLUGINS}
      components={COMPONENTS}
    >
      {deferred}
    </Streamdown>
  );
});

type Properties<Tag extends keyof React.JSX.IntrinsicElements> = ComponentProps<Tag> & ExtraProps;

function ExternalLink({ node: _node, href, children }: Properties<"a">) {
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

function ImageLink({ node: _node, src, alt }: Properties<"img">) {
  return (
    <a href={typeof src === "string" ? src : undefined} target="_blank" rel="noopener noreferrer">
      {alt === undefined || alt === "" ? "image" : `image: ${alt}`}
    </a>
  );
}

function CodeBlock({ children }: Properties<"pre">) {
  const code = isValidElement<{ className?: string; children?: ReactNode }>(children)
    ? children.props
    : { children };
  const language = /language-([^\s]+)/.exec(code.className ?? "")?.[1];
  const text = (typeof code.children === "string" ? code.children : "").replace(/\n$/, "");
  return (
    <figure className="code-block">
      <figcaption>
        <span>{language ?? "text"}</span>
        <CopyButton text={text} label="Copy code" />
      </figcaption>
      {/* Long lines scroll, so the block can be focused and scrolled by keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
    </figure>
  );
}

function Table({ node: _node, children }: Properties<"table">) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <section className="table-scroll" tabIndex={0} aria-label="Table">
      <table>{children}</table>
    </section>
  );
}

type PlainTag =
  | "blockquote"
  | "code"
  | "h2"
  | "h3"
  | "h4"
  | "h5"
  | "li"
  | "p"
  | "strong"
  | "sub"
  | "sup"
  | "tbody"
  | "thead"
  | "tr"
  | "ul";

/** The same element without the library's own class names. */
function plain(tag: PlainTag) {
  return ({ children }: { readonly children?: ReactNode }) => createElement(tag, null, children);
}

function Rule() {
  return <hr />;
}

function OrderedList({ start, children }: Properties<"ol">) {
  return <ol start={start}>{children}</ol>;
}

function Cell({ align, children }: Properties<"td">) {
  return <td align={align}>{children}</td>;
}

function HeaderCell({ align, children }: Properties<"th">) {
  return <th align={align}>{children}</th>;
}

/** Without the plugin for raw HTML, Streamdown shows HTML as the text that it is. */
const REHYPE_PLUGINS = Object.entries(defaultRehypePlugins)
  .filter(([name]) => name !== "raw")
  .map(([, plugin]) => plugin);

/** One object for good: a new one would make every block render again. */
const COMPONENTS = {
  a: ExternalLink,
  img: ImageLink,
  pre: CodeBlock,
  code: plain("code"),
  table: Table,
  thead: plain("thead"),
  tbody: plain("tbody"),
  tr: plain("tr"),
  td: Cell,
  th: HeaderCell,
  p: plain("p"),
  // Headings go below those of the page.
  h1: plain("h2"),
  h2: plain("h3"),
  h3: plain("h4"),
  h4: plain("h5"),
  h5: plain("h5"),
  h6: plain("h5"),
  ul: plain("ul"),
  ol: OrderedList,
  li: plain("li"),
  hr: Rule,
  strong: plain("strong"),
  blockquote: plain("blockquote"),
  sup: plain("sup"),
  sub: plain("sub"),
};
