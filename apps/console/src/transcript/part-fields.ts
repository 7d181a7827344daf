/** Fields of parts, read without trust: a log may hold what an agent made up. */

import type { Part } from "perdure/protocol";

/** The text of a text or reasoning part. */
export function textPartOf(part: Part): { readonly text: string; readonly isStreaming: boolean } {
  return {
    text: "text" in part && typeof part.text === "string" ? part.text : "",
    isStreaming: "state" in part && part.state === "streaming",
  };
}

/** The name of a file or source, and its address where a browser may open it. */
export function urlPartOf(part: Part): {
  readonly label: string;
  readonly url: string | undefined;
} {
  const fields: Readonly<Record<string, unknown>> = { ...part };
  const address = typeof fields["url"] === "string" ? fields["url"] : "";
  const label = [fields["title"], fields["filename"], address, fields["mediaType"]].find(
    (one): one is string => typeof one === "string" && one !== "",
  );
  return {
    label: (label ?? part.type).slice(0, 200),
    url: /^https?:\/\//i.test(address) ? address : undefined,
  };
}
