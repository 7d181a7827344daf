#!/usr/bin/env node
// Older versions have no global WebSocket and would fail later, in mid-work: say so at once.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  console.error(
    `perdure needs Node 22.12 or newer; this is Node ${process.versions.node} (${process.execPath}).`,
  );
  process.exit(1);
}
await import("../dist/main.js");
