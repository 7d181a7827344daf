import { execFileSync } from "node:child_process";

/** File descriptors that workerd holds per open socket, measured. */
const DESCRIPTORS_PER_SOCKET = 2;

/** File descriptors that workerd holds per SQLite object that is awake, measured; a hibernated one holds none. */
const DESCRIPTORS_PER_ACTIVE_OBJECT = 3;

/** Kept for the runtime's own files, about 30, and for some 50 connections of HTTP requests, which hold as many as sockets. */
const RESERVED_FOR_REQUESTS = 128;

/** Kept for objects that nobody is connected to: the list of sessions, and sessions used over HTTP. */
const RESERVED_FOR_OBJECTS = 128;

/** A server that could hold fewer connections, or sessions awake, would be of no use. */
const MIN_PLACES = 16;

/** Stands for "unlimited", which no kernel means. */
const UNLIMITED_DESCRIPTORS = 65_536;

/** Raises the limit of open files of a shell, and of what it executes, as far as an ordinary user may. */
export const RAISE_OPEN_FILES = 'ulimit -n "$(ulimit -Hn)" 2>/dev/null || :';

/**
 * How many sockets workerd may have open at once without running out of file descriptors, where at the limit requests
 * fail and the process may abort.
 *
 * The worst case counts: every socket belongs to an object of its own, and all are awake, as they are after all clients
 * disconnected at once.
 *
 * @param openFiles The limit of open files.
 * @param requested Lowers the result; nothing raises it.
 */
export function maxConnections(openFiles: number, requested = Number.POSITIVE_INFINITY): number {
  const usable = openFiles - RESERVED_FOR_REQUESTS - RESERVED_FOR_OBJECTS;
  const possible = Math.floor(usable / (DESCRIPTORS_PER_SOCKET + DESCRIPTORS_PER_ACTIVE_OBJECT));
  return Math.min(Math.max(possible, MIN_PLACES), requested);
}

/**
 * How many sessions may be awake at once in the descriptors that the sockets do not use: each that has a socket, awake or
 * not, and each that was used lately.
 *
 * @param openFiles The limit of open files.
 * @param connections Sockets that may be open at once.
 */
export function maxActiveSessions(openFiles: number, connections: number): number {
  const usable = openFiles - RESERVED_FOR_REQUESTS - connections * DESCRIPTORS_PER_SOCKET;
  return Math.max(Math.floor(usable / DESCRIPTORS_PER_ACTIVE_OBJECT), MIN_PLACES);
}

/** The limit of open files that a process gets after {@link RAISE_OPEN_FILES}. */
export function openFileLimit(): number {
  const answer = execFileSync("/bin/sh", ["-c", `${RAISE_OPEN_FILES}; ulimit -n`], {
    encoding: "utf8",
  });
  const limit = Number.parseInt(answer, 10);
  return Number.isNaN(limit) ? UNLIMITED_DESCRIPTORS : limit;
}
