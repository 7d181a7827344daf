import { ShardProvider } from "perdure/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import type { BoardClient } from "./board-client.ts";
import { boardClient } from "./board-client.ts";
import { BoardPage } from "./board-page.tsx";

const FIRST = "launch";

/** Boards to begin with; any other name after the `#` is one, too. */
const BOARDS = [FIRST, "garden"];

const root = createRoot(document.querySelector("#root") ?? document.body);
let shown: BoardClient | undefined;

/** Shows the board after the `#`, with a connection of its own. */
function show(): void {
  shown?.close();
  const name = location.hash.slice(1) || FIRST;
  shown = boardClient(name);
  root.render(
    <StrictMode>
      <ShardProvider client={shown}>
        <BoardPage key={name} name={name} boards={BOARDS} />
      </ShardProvider>
    </StrictMode>,
  );
}

addEventListener("hashchange", show);
show();
