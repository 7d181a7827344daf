import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Role } from "../protocol/index.ts";
import { isObject } from "../protocol/index.ts";
import { AuthSessionDO } from "./auth-session-do.ts";
import type { FieldsSchema } from "./record-fields.ts";
import { parseRole } from "./token.ts";

/** What an auth session of `createApp` opens. */
export interface LoginFields {
  /** Id of the one session that it opens, or `*` for every one. */
  readonly session: string;
  /** What its holder may do there. */
  readonly role: Role;
  /** The invitation that gave it; null: none did. */
  readonly invitation: string | null;
  /** Milliseconds since 1970 past which it opens nothing, however often it is used; null: as long as it is used. */
  readonly until: number | null;
}

/**
 * The logins of `createApp`: an auth session for each browser that is logged in, and for each guest of a session. Bind it as `LOGINS`;
 * only the Worker calls it, so it needs no secret.
 */
export class LoginDO<Env = unknown> extends AuthSessionDO<Env, LoginFields> {
  protected static override readonly needsSecret: boolean = false;

  protected override readonly fieldsSchema: FieldsSchema<LoginFields> = {
    "~standard": { version: 1, vendor: "perdure", validate },
  };
}

function validate(value: unknown): StandardSchemaV1.Result<LoginFields> {
  const { session, role: name, invitation = null, until = null } = isObject(value) ? value : {};
  const role = parseRole(name);
  const isWhole =
    typeof session === "string" &&
    role !== undefined &&
    (invitation === null || typeof invitation === "string") &&
    (until === null || typeof until === "number");
  return isWhole
    ? { value: { session, role, invitation, until } }
    : { issues: [{ message: "a login says which session it opens, and in which role" }] };
}
