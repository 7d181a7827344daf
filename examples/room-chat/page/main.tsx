import { StrictMode, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { ROOMS } from "../src/contract.ts";
import { RoomPage } from "./room-page.tsx";

/** Shows the room after the `#`: each with a connection of its own. */
function Rooms() {
  const hash = useSyncExternalStore(onHash, () => location.hash);
  const room = ROOMS.find((name) => `#${name}` === hash) ?? ROOMS[0];
  return <RoomPage key={room} room={room} />;
}

function onHash(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}

const root = document.querySelector("#root");
if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <Rooms />
    </StrictMode>,
  );
