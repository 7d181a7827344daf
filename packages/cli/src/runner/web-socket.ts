import type { IncomingMessage } from "node:http";
import type { Problem } from "perdure/protocol";
import { isErrorCode, isObject } from "perdure/protocol";
import { WebSocket } from "ws";
import { SOCKET_OPTIONS } from "../socket-options.ts";
import type { RunnerSocket, SocketListener, SocketTarget } from "./socket-port.ts";

/** How long an attempt may take, in milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Largest frame taken: the session sends a runner commands, and a prompt is at most 256 KiB. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** Most characters of a refusal's body that are read. */
const MAX_PROBLEM_CHARACTERS = 16 * 1024;

/** Dials over the network. @throws Error where the URL makes no sense. */
export function openWebSocket(target: SocketTarget, listener: SocketListener): RunnerSocket {
  const { url, token } = target;
  const socket = new WebSocket(url, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxPayload: MAX_FRAME_BYTES,
    ...SOCKET_OPTIONS,
  });
  socket.on("open", listener.onOpen);
  socket.on("message", (data, isBinary) => {
    if (!isBinary && Buffer.isBuffer(data)) listener.onMessage(data.toString());
  });
  socket.on("unexpected-response", (_request, response) => {
    void problemIn(response).then((problem) =>
      listener.onRefused(response.statusCode ?? 500, problem),
    );
  });
  socket.on("error", (error) => {
    // Ending a refused attempt is an error to the library; the refusal has been told.
    const isOwnEnd = error.message.includes("before the connection was established");
    if (!isOwnEnd) listener.onError(error.message);
  });
  socket.on("close", (code, reason) => listener.onClose(code, reason.toString()));
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
  };
}

/** The problem in an HTTP answer, or one made of its status. */
async function problemIn(response: IncomingMessage): Promise<Problem> {
  const status = response.statusCode ?? 500;
  let text = "";
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > MAX_PROBLEM_CHARACTERS) break;
    }
    const value: unknown = JSON.parse(text);
    if (isObject(value) && isErrorCode(value["code"]) && typeof value["detail"] === "string") {
      return { code: value["code"], detail: value["detail"] };
    }
  } catch {
    // Not a problem document: the status has to do.
  }
  return { code: "unavailable", detail: `The server answered with HTTP status ${status}.` };
}
