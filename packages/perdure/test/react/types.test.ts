import { expectTypeOf, test } from "vitest";
import type { Session, SessionList } from "../../src/react/index.ts";
import { useAgent, useSessions } from "../../src/react/index.ts";

interface Notes {
  readonly title: string;
  readonly pinned: boolean;
}

const useNotes = () => useAgent<Notes>({ name: "s" });
const usePart = () => useAgent({ name: "s" }, ({ messages }) => messages.length);
const usePinned = () => useAgent<Notes, boolean>({ name: "s" }, ({ meta }) => meta.pinned ?? false);
const useDocumented = () => {
  const { messages, send } = useAgent({ name: "session-abc-123" });
  return { messages, send };
};

test("U1 a name is all that the hook needs", () => {
  expectTypeOf(useDocumented).returns.toExtend<Pick<Session, "messages" | "send">>();
});

const useList = () => useSessions();
const useCount = () => useSessions({ status: "waiting" }, ({ sessions }) => sessions?.length ?? 0);

test("U15 a list has its type, and so has what a selector gives", () => {
  expectTypeOf(useList).returns.toEqualTypeOf<SessionList>();
  expectTypeOf(useCount).returns.toBeNumber();
});

test("U1 the metadata has the type that was given, and so has what a selector gives", () => {
  expectTypeOf(useNotes).returns.toEqualTypeOf<Session<Notes>>();
  expectTypeOf<Session<Notes>["meta"]>().toEqualTypeOf<Readonly<Partial<Notes>>>();
  expectTypeOf<Session<Notes>["setMeta"]>().parameter(0).toEqualTypeOf<{
    readonly title?: string | null;
    readonly pinned?: boolean | null;
  }>();
  expectTypeOf(usePart).returns.toBeNumber();
  expectTypeOf(usePinned).returns.toBeBoolean();
});
