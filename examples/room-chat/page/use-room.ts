import { ConnectionClient } from "perdure/client";
import { useEffect, useState, useSyncExternalStore } from "react";
import type { Message, Settings } from "../src/contract.ts";
import { contract } from "../src/contract.ts";

/** A connection that shows one room, and all that a page draws of it. */
export function useRoom(name: string) {
  const [client] = useState(
    () => new ConnectionClient({ contract, url: new URL(`/ws?room=${name}`, location.href).href }),
  );
  const [messages, setMessages] = useState<readonly Message[]>([]);
  const [settings, setSettings] = useState<Settings>();

  useEffect(() => {
    const room = client.room(name);
    const ends = [
      client.on("settings", setSettings),
      // Comes with every connection, so that nothing that was said meanwhile is missing.
      client.on("history", setMessages),
      room.on("said", (message) => setMessages((before) => [...before, message])),
    ];
    client.connect();
    return () => {
      for (const end of ends) end();
      client.close();
    };
  }, [client, name]);

  const { link, problem, queue, rooms } = useSyncExternalStore(client.subscribe, client.getState);
  return { client, messages, settings, link, problem, queue, members: rooms[name] ?? [] };
}
