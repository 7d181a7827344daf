/**
 * How this program's sockets are opened, all of them. A connection that the server closes at once after it was opened ends
 * only ten seconds later where the server is workerd; `closeTimeout` (milliseconds) does not wait for that. The types of
 * `ws` do not have it yet.
 */
export const SOCKET_OPTIONS = { perMessageDeflate: false, closeTimeout: 1_000 };
