import { expect, test } from "vitest";
import type { RoomPlaces } from "../../src/connection/room-binding.ts";
import { bindingOfRoom } from "../../src/connection/room-binding.ts";
import { namespaceOf } from "../../src/object/index.ts";

const namespace = { getByName: () => ({}) };

const PLACES: RoomPlaces = {
  env: { Room: namespace, ChatRoom: namespace, LIMIT: "5" },
  rooms: { chat: "ChatRoom", "chat:vip": "VipRoom" },
  registered: ["Room", "LIMIT"],
};

test.each([
  ["chat", "ChatRoom"],
  ["chat:42", "ChatRoom"],
  ["chat:42:deep", "ChatRoom"],
  ["chat:vip", "VipRoom"],
  ["lobby", "Room"],
  ["toString", "Room"],
])("B50 the binding of %s is %s", (room, binding) => {
  expect(bindingOfRoom(room, PLACES)).toBe(binding);
});

test("B50 without a room class that is bound, a room has no object", () => {
  expect(bindingOfRoom("lobby", { env: {}, registered: [] })).toBeUndefined();
  expect(bindingOfRoom("lobby", { env: {}, registered: ["Room"] })).toBeUndefined();
});

test("B50 where several classes could be meant, the error says which", () => {
  const places = { ...PLACES, rooms: undefined, registered: ["Room", "ChatRoom"] };
  expect(() => bindingOfRoom("lobby", places)).toThrow("Room or ChatRoom");
});

test("B51 a missing binding is told with the lines to add", () => {
  expect(() => namespaceOf({}, "ChatRoom")).toThrow(
    'The binding ChatRoom is missing: add { "name": "ChatRoom", "class_name": "ChatRoom" } to durable_objects.bindings ' +
      'and { "tag": "ChatRoom", "new_sqlite_classes": ["ChatRoom"] } to migrations in wrangler.jsonc',
  );
});
