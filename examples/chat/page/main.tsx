import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Chat } from "./chat.tsx";

// One session for each name after the `#`.
const name = location.hash.slice(1) || "chat";

const root = document.querySelector("#root");
if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <Chat name={name} />
    </StrictMode>,
  );
