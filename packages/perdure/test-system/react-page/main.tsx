import { StrictMode } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";
import { View } from "./views.tsx";

const address = new URL(location.href);
const view = <View address={address} />;
const page = address.searchParams.has("strict") ? <StrictMode>{view}</StrictMode> : view;
const root = document.getElementById("root");
if (root === null) throw new Error("The page has no element with the id `root`.");
if (root.hasChildNodes()) hydrateRoot(root, page);
else createRoot(root).render(page);
