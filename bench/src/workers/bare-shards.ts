/** The floor: an object that runs each socket's query again after each write and sends all of it, as somebody writes it by hand. */

import { DurableObject } from "cloudflare:workers";
import type { BoardArgs } from "./board.ts";
import { BOARD, boardRequest, counted, DUE, MINE, RENAME, SCHEMA, SEED, VISIT } from "./board.ts";

interface Env {
  readonly BOARD: DurableObjectNamespace<Board>;
}

/** What a socket asks for: one query each. */
type Question = {
  readonly [Name in "board" | "mine" | "due"]: {
    readonly t: "subscribe";
    readonly id: number;
    readonly functionPath: Name;
    readonly args: BoardArgs[Name];
  };
}["board" | "mine" | "due"];

type Call = {
  readonly [Name in "rename" | "visit"]: {
    readonly t: "call";
    readonly id: string;
    readonly functionPath: Name;
    readonly args: BoardArgs[Name];
  };
}["rename" | "visit"];

export class Board extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;
  readonly #questions = new Map<WebSocket, Question>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    counted.loads += 1;
    for (const statement of SCHEMA)
      this.#sql.exec(statement.replace(/^CREATE (TABLE|INDEX)/, "CREATE $1 IF NOT EXISTS"));
    for (const socket of ctx.getWebSockets()) {
      const question = socket.deserializeAttachment() as Question | null;
      if (question !== null) this.#questions.set(socket, question);
    }
  }

  async seed(rows: number, people: number): Promise<void> {
    this.#sql.exec(SEED, people, rows);
  }

  override fetch(): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(socket: WebSocket, message: string): void {
    const frame = JSON.parse(message) as Question | Call;
    if (frame.t === "subscribe") {
      socket.serializeAttachment(frame);
      this.#questions.set(socket, frame);
      this.#answer(socket, frame);
      return;
    }
    if (frame.functionPath === "rename") this.#sql.exec(RENAME, frame.args.title, frame.args.id);
    else this.#sql.exec(VISIT, frame.args.page);
    for (const [follower, question] of this.#questions) this.#answer(follower, question);
    socket.send(JSON.stringify({ t: "result", id: frame.id }));
  }

  override webSocketClose(socket: WebSocket): void {
    this.#questions.delete(socket);
    socket.close(1000);
  }

  #answer(socket: WebSocket, question: Question): void {
    socket.send(JSON.stringify({ t: "seed", id: question.id, value: this.#run(question) }));
  }

  #run({ functionPath, args }: Question): unknown[] {
    counted.runs += 1;
    if (functionPath === "board") return this.#sql.exec(BOARD, args.board).toArray();
    if (functionPath === "mine") return this.#sql.exec(MINE, args.assignee).toArray();
    return this.#sql.exec(DUE, args.board, args.before).toArray();
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { path, shard, rows, people } = boardRequest(request);
    if (path === "/counted") return Response.json(counted);
    const stub = env.BOARD.getByName(shard);
    if (path === "/seed") {
      await stub.seed(rows, people);
      return new Response(null, { status: 204 });
    }
    return stub.fetch(request);
  },
} satisfies ExportedHandler<Env>;
