import type { ContentBlock } from "@agentclientprotocol/sdk";
import type { FilePart, Message, Part } from "perdure/protocol";

/** A person's message as the agent's protocol has it. Data of an application becomes its JSON. */
export function promptBlocks(message: Message, takesImages: boolean): ContentBlock[] {
  return message.parts.map((part) => blockOf(part, takesImages));
}

function blockOf(part: Part, takesImages: boolean): ContentBlock {
  if (part.type === "text") return { type: "text", text: part.text };
  if (part.type === "file") return fileBlock(part, takesImages);
  return { type: "text", text: JSON.stringify(part) };
}

function fileBlock(part: FilePart, takesImages: boolean): ContentBlock {
  const inline = /^data:([^;,]+);base64,(.*)$/s.exec(part.url);
  if (takesImages && inline !== null && part.mediaType.startsWith("image/")) {
    return { type: "image", mimeType: part.mediaType, data: inline[2] ?? "" };
  }
  const name = part.filename ?? (inline === null ? nameIn(part.url) : "file");
  return { type: "resource_link", uri: part.url, name, mimeType: part.mediaType };
}

function nameIn(url: string): string {
  return (
    url
      .split(/[?#]/, 1)[0]
      ?.split("/")
      .findLast((segment) => segment !== "") ?? "file"
  );
}
