import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
// A stylesheet has nothing to assign.
// oxlint-disable-next-line import/no-unassigned-import
import "./styles/index.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element with the id `root`.");
createRoot(root).render(<App />);
