import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { emit, nextEvent, openUser } from "./user-socket.ts";

const open = (userId: string) => openUser(userId, {}, env.META_USER);

test("E20 what is written to meta, at any depth, outlives the object's memory", async () => {
  const [socket, other] = [await open("kept"), await open("kept")];
  for (const how of ["set", "push", "nested", "delete", "define"]) emit(socket, how);
  const meta = {
    userId: "kept",
    clientId: "renamed",
    channels: ["default", "pushed"],
    more: { deep: [1, 3], defined: true },
  };
  emit(socket, "look");
  expect(await nextEvent(socket, "look")).toEqual(meta);
  await evictDurableObject(env.META_USER.getByName("kept"));
  emit(socket, "look");
  expect(await nextEvent(socket, "look")).toEqual(meta);
  emit(other, "look");
  expect(await nextEvent(other, "look")).toMatchObject({ clientId: "tab" });
  emit(socket, "others");
  expect(await nextEvent(socket, "others")).toEqual(["renamed", "tab"]);
});

test("E21 meta that does not fit throws where it is assigned, and has not changed", async () => {
  const socket = await open("large");
  emit(socket, "large");
  expect(await nextEvent(socket, "refused")).toEqual(["too_large", "too_large", "too_large"]);
  emit(socket, "look");
  expect(await nextEvent(socket, "look")).toEqual({
    userId: "large",
    clientId: "tab",
    channels: ["default"],
    fits: true,
  });
});

test("E22 the user of a connection cannot be changed", async () => {
  const socket = await open("same");
  emit(socket, "rename");
  expect(await nextEvent(socket, "refused")).toEqual(["bad_request", "bad_request"]);
  emit(socket, "look");
  expect(await nextEvent(socket, "look")).toMatchObject({ userId: "same" });
});
