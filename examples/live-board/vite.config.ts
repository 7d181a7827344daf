import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  root: "page",
  logLevel: "warn",
  build: { outDir: "../dist", emptyOutDir: true, target: "es2023" },
});
