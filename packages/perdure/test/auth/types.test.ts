import { expectTypeOf, test } from "vitest";
import type { Auth, AuthSession, NewLogin, NewSession } from "../../src/auth/index.ts";
import type { SESSION_DO_TTL_DEFAULT, SessionDO, SessionRecord } from "../../src/do/index.ts";

interface Device {
  readonly device: string;
  readonly trusted?: boolean;
}

interface Env {
  readonly KV: string;
}

test("a record is what is documented", () => {
  expectTypeOf<SessionRecord>().toEqualTypeOf<{
    userId: string;
    createdAt: number;
    expiresAt: number;
  }>();
  expectTypeOf<typeof SESSION_DO_TTL_DEFAULT>().toEqualTypeOf<604_800>();
});

test("Q14 what a class keeps is asked for when a session is created, and there when it is read", () => {
  expectTypeOf<{ token: string; userId: string }>().toExtend<NewSession>();
  expectTypeOf<{ token: string; userId: string }>().not.toExtend<NewSession<Device>>();
  expectTypeOf<{ token: string; userId: string; fields: { device: string } }>().toExtend<
    NewSession<Device>
  >();
  expectTypeOf<{ token: string; userId: string; fields: { device: number } }>().not.toExtend<
    NewSession<Device>
  >();
  type Own = SessionDO<Env, Device>;
  expectTypeOf<Own["get"]>().returns.resolves.toEqualTypeOf<(SessionRecord & Device) | null>();
  expectTypeOf<Own["list"]>().returns.resolves.items.toEqualTypeOf<AuthSession<Device>>();
});

test("Q14 so it is for logins, and for whoever is behind a guard", () => {
  type Own = Auth<Env, Device>;
  expectTypeOf<{ userId: string }>().toExtend<NewLogin>();
  expectTypeOf<{ userId: string }>().not.toExtend<NewLogin<Device>>();
  expectTypeOf<Own["read"]>().returns.resolves.toEqualTypeOf<AuthSession<Device> | null>();
  expectTypeOf<AuthSession<Device>["device"]>().toBeString();
  type Handler = Parameters<Own["handler"]>[0];
  expectTypeOf<Parameters<Handler>[1]>().toEqualTypeOf<Env>();
});
