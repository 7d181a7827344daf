/** What the document's snippets know of a socket. */
export interface Meta {
  userId: string;
  clientId: string;
  channels: string[];
}

/** As the document has it: good for development only, because whoever asks says who he is. */
export function metaFromQuery(request: Request): Meta {
  const { searchParams } = new URL(request.url);
  return {
    userId: searchParams.get("userId") ?? crypto.randomUUID(),
    clientId: crypto.randomUUID(),
    channels: ["default"],
  };
}
