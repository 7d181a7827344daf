/** What a page of another origin may do: the endpoint has looked at its origin before. */

/** The headers that let the page behind a request read its response; none where no page is. */
export function corsHeaders(request: Request): Readonly<Record<string, string>> {
  const origin = request.headers.get("origin");
  if (origin === null) return {};
  return {
    "access-control-allow-origin": origin,
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-allow-headers":
      "authorization, content-type, last-event-id, mcp-protocol-version, mcp-session-id",
    "access-control-expose-headers": "mcp-session-id",
    vary: "origin",
  };
}
