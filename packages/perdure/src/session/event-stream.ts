/** Reads Server-Sent Events (WHATWG HTML, 9.2.6), of which only the data matters here. */

/** The data of each event, in order. An event that is cut off at the end is left out, as the standard says. */
export async function* eventDataOf(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let data: string[] = [];
  for await (const line of linesOf(texts)) {
    if (line === "") {
      if (data.length > 0) yield data.join("\n");
      data = [];
    } else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
    else if (line === "data") data.push("");
  }
}

/** Lines end with CR LF, LF or CR, which may be cut in two. */
async function* linesOf(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of texts) {
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    yield* lines;
  }
  yield* rest.replace(/\r$/, "\n").split("\n").slice(0, -1);
}
