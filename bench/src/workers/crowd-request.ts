/** What is asked of a crowded room: that the members from one number to another join, or that all get a text. */
export function crowdRequest(request: Request): {
  readonly room: string;
  readonly join: readonly string[];
  readonly text: string | null;
} {
  const { searchParams } = new URL(request.url);
  const [from, to] = [Number(searchParams.get("from")), Number(searchParams.get("to"))];
  return {
    room: searchParams.get("room") ?? "",
    join: Array.from({ length: to - from }, (_, n) => `user-${from + n}`),
    text: searchParams.get("text"),
  };
}
