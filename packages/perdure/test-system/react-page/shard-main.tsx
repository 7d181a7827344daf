import { ShardClient } from "perdure/client";
import { StrictMode } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";
import type { Board } from "../../test/shard-client/board.ts";
import { ShardPage } from "./shard-views.tsx";

const client = new ShardClient<Board>();
const page = (
  <StrictMode>
    <ShardPage client={client} />
  </StrictMode>
);
const root = document.getElementById("root");
if (root === null) throw new Error("The page has no element with the id `root`.");
if (root.hasChildNodes()) hydrateRoot(root, page);
else createRoot(root).render(page);
