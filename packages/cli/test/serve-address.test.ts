import { expect, test } from "vitest";
import { allowedHosts, isLoopback, urlOf } from "../src/serve/address.ts";

test("A server answers to this machine's names with its port, and to no others", () => {
  expect(allowedHosts({ host: "127.0.0.1", port: 8787 })).toEqual([
    "127.0.0.1:8787",
    "localhost:8787",
    "[::1]:8787",
  ]);
});

test("A server that listens on every address answers to loopback names alone, until more are given", () => {
  const address = { host: "0.0.0.0", port: 8787 };
  expect(allowedHosts(address)).not.toContain("0.0.0.0:8787");
  expect(allowedHosts(address, ["Box.Example", "other.example:443"]).slice(3)).toEqual([
    "box.example",
    "box.example:8787",
    "other.example:443",
  ]);
});

test("A server answers to the address that it listens on", () => {
  expect(allowedHosts({ host: "192.168.1.5", port: 8787 })).toContain("192.168.1.5:8787");
});

test("On port 80 names count without their port, as clients send them", () => {
  expect(allowedHosts({ host: "127.0.0.1", port: 80 })).toContain("localhost");
});

test.for([
  ["127.0.0.1", "http://127.0.0.1:8787"],
  ["0.0.0.0", "http://127.0.0.1:8787"],
  ["::", "http://[::1]:8787"],
  ["::1", "http://[::1]:8787"],
  ["localhost", "http://localhost:8787"],
] as const)("This machine reaches a server on %s at %s", ([host, url]) => {
  expect(urlOf({ host, port: 8787 })).toBe(url);
});

test.for([
  ["127.0.0.1", true],
  ["127.1.2.3", true],
  ["::1", true],
  ["localhost", true],
  ["0.0.0.0", false],
  ["::", false],
  ["127.0.0.1.example", false],
] as const)("%s is loopback: %s", ([host, expected]) => {
  expect(isLoopback({ host, port: 8787 })).toBe(expected);
});
