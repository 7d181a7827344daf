import { z } from "zod";
import { SessionDO } from "../../src/do/index.ts";

export { SessionDO as AuthSessionDO } from "../../src/do/index.ts";

/** What a session says of the device that it is on. */
export interface Device {
  readonly device: string;
  readonly trusted: boolean;
}

/** Keeps fields with each session, and counts logins in a table of its own. */
export class DeviceSessionDO extends SessionDO<unknown, Device> {
  static override readonly migrations = [
    { version: 1, sql: "CREATE TABLE logins (user_id TEXT NOT NULL)" },
  ];

  static override readonly maxSessionsPerUser = 3;

  protected override readonly fieldsSchema = z.object({
    device: z.string().min(1),
    trusted: z.boolean().default(false),
  });

  /** Counts a login; answers how many there were. */
  countLogin(userId: string): number {
    this.sql.run("INSERT INTO logins (user_id) VALUES (?)", userId);
    return this.sql.run("SELECT 1 FROM logins WHERE user_id = ?", userId).length;
  }

  protected override onRequest(request: Request): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    return pathname === "/hello" ? new Response("hello") : super.onRequest(request);
  }
}

/** As a deploy without a secret has it. */
export class UnconfiguredSessionDO extends SessionDO<object> {
  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, { ...env, SESSION_DO_SECRET: undefined });
  }
}
