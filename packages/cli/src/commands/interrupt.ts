/** Exit code of a program that a second Ctrl-C ended. */
const EXIT_CODE_OF_INTERRUPT = 130;

/** One press of Ctrl-C can arrive twice: from the terminal, and passed on by npm. In milliseconds. */
const SAME_SIGNAL_MS = 500;

/**
 * A signal that aborts at Ctrl-C, SIGTERM, and the end of the terminal. The second one says that a clean end takes too long,
 * and exits at once.
 *
 * @returns The signal, and a function that stops listening.
 */
export function listenForInterrupt(): { readonly signal: AbortSignal; readonly stop: () => void } {
  const controller = new AbortController();
  let firstAt = 0;
  const onSignal = (): void => {
    const now = performance.now();
    if (!controller.signal.aborted) {
      firstAt = now;
      controller.abort();
    } else if (now - firstAt >= SAME_SIGNAL_MS) process.exit(EXIT_CODE_OF_INTERRUPT);
  };
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    stop: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
