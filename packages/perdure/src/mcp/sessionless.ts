/** Responses to requests of the 2026 revision, which has no sessions: their streams only must not fall silent. */

import { HEARTBEAT, HEARTBEAT_MS } from "./sse.ts";

/** The same response, with a comment where its stream is quiet: a client that was cut off is noticed only when something is written. */
export function sessionlessResponse(response: Response): Response {
  const type = response.headers.get("content-type") ?? "";
  if (response.body === null || !type.startsWith("text/event-stream")) return response;
  return new Response(withHeartbeats(response.body), {
    status: response.status,
    headers: response.headers,
  });
}

function withHeartbeats(source: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const heartbeat = new TextEncoder().encode(HEARTBEAT);
  let timer: ReturnType<typeof setInterval> | undefined;
  let isQuiet = true;
  return source.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      start(controller) {
        timer = setInterval(() => {
          // Between two events only: a transport writes each as one chunk.
          if (isQuiet) controller.enqueue(heartbeat);
          isQuiet = true;
        }, HEARTBEAT_MS);
      },
      transform(chunk, controller) {
        isQuiet = false;
        controller.enqueue(chunk);
      },
      flush() {
        if (timer !== undefined) clearInterval(timer);
      },
      cancel() {
        if (timer !== undefined) clearInterval(timer);
      },
    }),
  );
}
